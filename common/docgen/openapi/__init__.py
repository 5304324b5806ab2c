"""OpenAPI 3.1 of each service and of the whole shop, read from the code that answers: `make openapi`."""
