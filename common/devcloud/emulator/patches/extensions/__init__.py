"""Settings and features of the local shop: persistence, timings, mailbox."""
