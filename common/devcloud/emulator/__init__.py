"""Run AWS on this machine: ministack, with patches, and with snapshots of its state."""
