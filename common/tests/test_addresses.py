import re

import msgspec
import pytest

from common import addresses
from common.addresses import Address
from common.schemas import InvalidBody, Schema, parse_body

US = {"city": "Cupertino", "region": "CA", "postalCode": "95014", "country": "US"}
DE = {"city": "Berlin", "postalCode": "10115", "country": "DE"}
ELSEWHERE = [
    {"city": "London", "postalCode": "SW1A 1AA", "country": "GB"},
    {"region": "Karnataka", "city": "Bengaluru", "postalCode": "560001", "country": "IN"},
    {"region": "東京都", "postalCode": "100-0001", "country": "JP"},
    {"region": "Hong Kong Island", "country": "HK"},
    {"postalCode": "238823", "country": "SG"},
    {"region": "QC", "city": "Québec", "postalCode": "G1R 4P5", "country": "CA"},
]
REFUSED = [
    ({**US, "country": "USA"}, "country: expected a code of ISO 3166-1 alpha-2, such as US"),
    ({**US, "country": "XX"}, "country: expected a code of ISO 3166-1 alpha-2, such as US"),
    ({**US, "name": " "}, "name: expected 1 to 100 characters"),
    ({**US, "line1": "Main\nStreet"}, "line1: character 5 is U+000A (LINE FEED)"),
    ({**US, "city": ""}, "city: addresses in US need one"),
    ({**US, "region": None}, "region: addresses in US need one; expected a state: AL, AK"),
    ({**US, "region": "Bayern"}, "region: 'Bayern' is not in US; expected a state: AL, AK"),
    ({**US, "postalCode": None}, "postalCode: addresses in US need one, such as 95014"),
    ({**US, "postalCode": "9501"}, "postalCode: '9501' is not one of US, such as 95014"),
    ({**US, "postalCode": "10001"}, "postalCode: '10001' is not in the state CA"),
    ({**DE, "postalCode": "1011"}, "postalCode: '1011' is not one of DE, such as 26133"),
    ({**US, "phone": "555 0123"}, "phone: expected a number in E.164 form"),
    ({**ELSEWHERE[2], "postalCode": "530-0001"}, "postalCode: '530-0001' is not in the prefecture"),
]


def parse(fields):
    body = {"name": "Jimmy", "line1": "1 Main Street", **fields}
    return parse_body(msgspec.json.encode(body), Address)


@pytest.mark.parametrize("fields", [US, DE, *ELSEWHERE])
def test_an_address_is_kept_as_it_was_written(fields):
    written = {"name": "Jimmy", "line1": "1 Main Street", **fields}

    assert msgspec.to_builtins(parse(fields)) == written


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_a_wrong_address_names_the_field_and_what_is_expected(fields, message):
    with pytest.raises(InvalidBody, match=re.escape(message)):
        parse(fields)


@pytest.mark.parametrize(
    ("fields", "normalized"),
    [
        ({**US, "region": "california", "country": "us"}, US),
        ({**US, "region": " Ca ", "company": " "}, US),
        ({**ELSEWHERE[0], "postalCode": "sw1a 1aa"}, ELSEWHERE[0]),
        ({**ELSEWHERE[1], "region": "KA"}, ELSEWHERE[1]),
        ({**ELSEWHERE[2], "region": "Tokyo"}, ELSEWHERE[2]),
        ({**ELSEWHERE[3], "postalCode": "000"}, ELSEWHERE[3]),
        ({**ELSEWHERE[5], "region": "quebec"}, ELSEWHERE[5]),
        ({**ELSEWHERE[5], "region": "Québec"}, ELSEWHERE[5]),
    ],
)
def test_addresses_that_mean_the_same_become_the_same(fields, normalized):
    assert parse(fields) == parse(normalized)


@pytest.mark.parametrize("country", ["AE", "BR", "CN", "ES", "IE", "IT", "KR", "MX", "RU", "TH"])
def test_every_name_of_a_region_is_of_that_region_alone(country):
    rules = addresses.find_rules(country)

    for region in rules.regions:
        assert {rules.parse_region(name) for name in (region.key, *region.names)} == {region.key}


def test_the_example_of_every_country_is_a_postal_code_of_it():
    for country in addresses.countries():
        rules = addresses.find_rules(country)
        if rules.example:
            assert rules.parse_postal_code(rules.example, None) == rules.example


def test_every_country_of_iso_3166_is_known():
    assert len(addresses.countries()) >= 249


def test_an_address_within_a_body_is_named_with_its_field():
    class Order(Schema):
        shipping_address: Address

    address = {"name": "Jimmy", "line1": "1 Main Street", **US, "postalCode": "1"}
    with pytest.raises(InvalidBody, match=r"^shippingAddress\.postalCode: '1' is not one of US"):
        parse_body(msgspec.json.encode({"shippingAddress": address}), Order)
