"""Pages and documents that are generated from code: OpenAPI, events, metrics, access, contracts."""
