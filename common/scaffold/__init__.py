"""`make new-service`: a service of the same shape as the others, with passing tests."""
