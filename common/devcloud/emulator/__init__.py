"""AWS on this machine: ministack, with the differences from AWS that the shop would notice put right."""
