"""What suites share: moto in process, tokens, clients, checks. Never in a Lambda."""
