"""Run AWS on this machine: ministack, patched, with snapshots of its state."""
