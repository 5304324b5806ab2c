"""Settings and features of the local shop: persistence, timings, memory, the mailbox."""
