"""The pages of the local shop for engineers: the front page and sent mails."""
