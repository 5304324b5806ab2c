"""OpenAPI 3.1 of each service and of the whole shop, from the declared routes."""
