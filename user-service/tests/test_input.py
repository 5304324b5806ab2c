"""Input that a correct client does not send."""

from actors import JIMMY, LOGIN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

INVALID_ADDRESSES = [
    "", " ", "jimmy", "jimmy@", "@example.com", "jimmy@example", "jimmy@@example.com",
    "a b@example.com", "jimmy@exa mple.com", "jimmy@-example.com", "jimmy@example..com",
    ".jimmy@example.com", "ji..mmy@example.com", "jimmy@example.com,other@example.com",
    "jimmy@example.com\nBcc: all@example.com", "Jimmy <jimmy@example.com>", "jimmy\0@example.com",
    "jïmmy@example.com", "j" * 65 + "@example.com", "j@" + "e" * 250 + ".com", 7, None, [], {},
]  # fmt: skip
UNUSUAL_ADDRESSES = [
    "o'brien+shop@mail.example.co.uk",
    "a@b.io",
    "x_1.y-2@xn--bcher-kva.example",
    "j" * 64 + "@example.com",
]
INVALID_FIELDS = [("email", value) for value in INVALID_ADDRESSES] + [
    ("name", ""), ("name", " \t"), ("name", "n" * 101), ("name", "a\nb"), ("name", 5),
    ("name", None), ("phone", ""), ("phone", "4155550123"), ("phone", "+04155550123"),
    ("phone", "+1 415 555 0123"), ("phone", "+1234567890123456"), ("phone", "+١٢٣٤٥٦٧٨"),
    ("phone", 14155550123), ("password", 12345), ("password", None), ("password", ["12345"]),
]  # fmt: skip
MALFORMED_BODIES = [
    b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000,
    b"{\"x\":" * 21 + b"1" + b"}" * 21, b'{"email": "\\ud800@example.com"}',
    b'{"email": NaN}', b"email=jimmy@example.com&password=12345",
]  # fmt: skip


def is_rejected(answer, field=""):
    body = answer.json_body
    return (answer.status_code, body["Code"]) == (400, "InvalidBody") and body[
        "Message"
    ].startswith(field)


def test_an_invalid_field_of_a_registration_is_rejected_by_name(shop, rows, subtests):
    for field, value in INVALID_FIELDS:
        with subtests.test(field=field, value=value):
            assert is_rejected(shop.post("/user/register", {**JIMMY, field: value}), f"{field}: ")
    assert rows() == []


def test_a_login_with_an_invalid_field_is_rejected_naming_the_field(shop, jimmy, subtests):
    for field in LOGIN:
        for value in ("", None, 5, ["x"], {"S": "x"}):
            with subtests.test(field=field, value=value):
                assert is_rejected(shop.post("/user/login", {**LOGIN, field: value}), f"{field}: ")


def test_an_overlong_text_is_rejected(shop, jimmy, subtests):
    token = "x" * 20
    for path, body in (
        ("/user/login", {**LOGIN, "password": "x" * 1025}),
        ("/user/login", {**LOGIN, "email": "x" * 321}),
        ("/user/password/forgotten", {"email": "x" * 321}),
        ("/user/password/reset", {"token": "x" * 257, "newPassword": "12345"}),
        ("/user/password/reset", {"token": token, "newPassword": "x" * 1025}),
        ("/user/email/verify", {"token": "x" * 257, "password": "12345"}),
    ):
        with subtests.test(path=path, body=body):
            assert is_rejected(shop.post(path, body))


def test_a_missing_field_is_named(shop, subtests):
    for path, whole in (("/user/register", JIMMY), ("/user/login", LOGIN)):
        for field in whole:
            with subtests.test(path=path, field=field):
                part = {name: value for name, value in whole.items() if name != field}
                assert is_rejected(shop.post(path, part), f"{field}: this field is required")


def test_a_name_of_any_script_is_kept_in_one_form(shop, subtests):
    for name, kept in (("José\u00a0Núñez", "José Núñez"), ("نام\u200cها", "نام\u200cها")):
        with subtests.test(name=name):
            body = {**JIMMY, "name": name, "email": f"{len(name)}@example.com"}
            assert shop.post("/user/register", body).status_code == 201
            tokens = shop.post("/user/login", {**LOGIN, "email": body["email"]}).json_body
            profile = shop.get("/user/profile", token=tokens["token"]).json_body
            assert profile["name"] == kept


def test_unusual_addresses_are_accepted(shop, subtests):
    for email in UNUSUAL_ADDRESSES:
        with subtests.test(email=email):
            assert shop.post("/user/register", {**JIMMY, "email": email}).status_code == 201


def test_a_malformed_body_is_rejected(shop, subtests):
    for path in ("/user/register", "/user/login"):
        for body in MALFORMED_BODIES:
            with subtests.test(path=path, body=body[:50]):
                assert is_rejected(shop.post(path, body))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=90),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=3,
)


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(fields=st.fixed_dictionaries({}, optional=dict.fromkeys((*JIMMY, "phone"), anything)))
def test_no_input_causes_an_unexpected_response(shop, fields):
    for path in ("/user/register", "/user/login"):
        answer = shop.post(path, {**JIMMY, **fields})

        assert answer.status_code in (200, 201, 400, 401, 409)
        assert answer.status_code < 300 or answer.json_body.keys() == {"Code", "Message"}
