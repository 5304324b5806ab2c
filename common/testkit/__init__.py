"""What the unit suites of all services share: moto in process, tokens, and the ways in. Never packaged into a Lambda."""
