"""What at least three services need, and no service's nouns: vendored into every Lambda."""
