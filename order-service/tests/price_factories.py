"""What staff set up: shipping methods, tax rates and promotions, as bodies."""

from typing import Any

PARCEL_US = {
    "name": "Parcel",
    "zones": [{"countries": ["US"]}],
    "bands": [{"upTo": 1000, "price": 4.99}, {"upTo": 20000, "price": 9.99}],
    "freeAbove": 100,
    "minDays": 3,
    "maxDays": 5,
}
CALIFORNIA = {"name": "CA sales tax", "country": "US", "region": "CA", "percent": 7.25}
WELCOME = {"name": "Welcome", "effect": "PERCENT", "percent": 10, "code": "welcome-10"}

BODIES: dict[str, dict[str, Any]] = {
    "/shipping-methods": PARCEL_US,
    "/tax-rates": CALIFORNIA,
    "/promotions": WELCOME,
}
IDS = {"/shipping-methods": "methodId", "/tax-rates": "rateId", "/promotions": "promotionId"}

ADDRESS = {
    "name": "Jimmy Patel",
    "line1": "1 Market Street",
    "city": "San Francisco",
    "region": "California",
    "postalCode": "94105",
    "country": "us",
}
BERLIN = {
    "name": "Jimmy Patel",
    "line1": "Unter den Linden 1",
    "city": "Berlin",
    "postalCode": "10117",
    "country": "DE",
}
