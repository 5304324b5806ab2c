"""The customers who act in the tests."""

JIMMY = {"email": "jimmy@example.com", "password": "12345", "name": "Jimmy"}
LOGIN = {"email": JIMMY["email"], "password": JIMMY["password"]}
