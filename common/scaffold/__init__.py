"""`make new-service`: a service of the common shape, with passing tests."""
