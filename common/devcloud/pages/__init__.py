"""Pages of the local shop for the engineer who works on it: the front page and the sent mails."""
