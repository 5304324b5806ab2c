"""Input that no honest client sends."""

from conftest import JIMMY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LOGIN = {name: JIMMY[name] for name in ("email", "password")}
NO_ADDRESSES = [
    "", " ", "jimmy", "jimmy@", "@example.com", "jimmy@example", "jimmy@@example.com", "a b@example.com",
    "jimmy@exa mple.com", "jimmy@-example.com", "jimmy@example..com", ".jimmy@example.com", "ji..mmy@example.com",
    "jimmy@example.com,other@example.com", "jimmy@example.com\nBcc: all@example.com", "Jimmy <jimmy@example.com>",
    "jimmy\0@example.com", "jïmmy@example.com", "j" * 65 + "@example.com", "j@" + "e" * 250 + ".com", 7, None, [], {},
]  # fmt: skip
ADDRESSES = [
    "o'brien+shop@mail.example.co.uk", "a@b.io", "x_1.y-2@xn--bcher-kva.example", "j" * 64 + "@example.com",
]  # fmt: skip
WRONG_FIELDS = [("email", value) for value in NO_ADDRESSES] + [
    ("name", ""), ("name", " \t"), ("name", "n" * 101), ("name", "a\nb"), ("name", 5), ("name", None),
    ("phone", ""), ("phone", "4155550123"), ("phone", "+04155550123"), ("phone", "+1 415 555 0123"),
    ("phone", "+1234567890123456"), ("phone", "+١٢٣٤٥٦٧٨"), ("phone", 14155550123),
    ("password", 12345), ("password", None), ("password", ["12345"]),
]  # fmt: skip
NONSENSE = [
    b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{\"x\":" * 21 + b"1" + b"}" * 21, b'{"email": "\\ud800@example.com"}',
    b'{"email": NaN}', b"email=jimmy@example.com&password=12345",
]  # fmt: skip


def is_refused(answer, field=""):
    body = answer.json_body
    return (answer.status_code, body["Code"]) == (400, "InvalidBody") and body[
        "Message"
    ].startswith(field)


def test_a_registration_with_a_wrong_field_is_refused_and_the_field_named(shop, rows, subtests):
    for field, value in WRONG_FIELDS:
        with subtests.test(field=field, value=value):
            assert is_refused(shop.post("/user/register", {**JIMMY, field: value}), f"{field}: ")
    assert rows() == []


def test_a_login_with_a_wrong_field_is_refused_and_the_field_named(shop, jimmy, subtests):
    for field in LOGIN:
        for value in ("", None, 5, ["x"], {"S": "x"}):
            with subtests.test(field=field, value=value):
                assert is_refused(shop.post("/user/login", {**LOGIN, field: value}), f"{field}: ")


def test_a_text_longer_than_anybodys_is_refused(shop, jimmy, subtests):
    token = "x" * 20
    for path, body in (
        ("/user/login", {**LOGIN, "password": "x" * 1025}),
        ("/user/login", {**LOGIN, "email": "x" * 321}),
        ("/user/password/forgotten", {"email": "x" * 321}),
        ("/user/password/reset", {"token": "x" * 257, "newPassword": "12345"}),
        ("/user/password/reset", {"token": token, "newPassword": "x" * 1025}),
        ("/user/email/verify", {"token": "x" * 257}),
    ):
        with subtests.test(path=path, body=body):
            assert is_refused(shop.post(path, body))


def test_a_missing_field_is_named(shop, subtests):
    for path, whole in (("/user/register", JIMMY), ("/user/login", LOGIN)):
        for field in whole:
            with subtests.test(path=path, field=field):
                part = {name: value for name, value in whole.items() if name != field}
                assert is_refused(shop.post(path, part), f"{field}: this field is required")


def test_unusual_addresses_are_taken(shop, subtests):
    for email in ADDRESSES:
        with subtests.test(email=email):
            assert shop.post("/user/register", {**JIMMY, "email": email}).status_code == 201


def test_a_body_that_makes_no_sense_is_refused(shop, subtests):
    for path in ("/user/register", "/user/login"):
        for body in NONSENSE:
            with subtests.test(path=path, body=body[:50]):
                assert is_refused(shop.post(path, body))


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
def test_whatever_is_sent_the_answer_is_the_shops_own(shop, fields):
    for path in ("/user/register", "/user/login"):
        answer = shop.post(path, {**JIMMY, **fields})

        assert answer.status_code in (200, 201, 400, 401, 409)
        assert answer.status_code < 300 or answer.json_body.keys() == {"Code", "Message"}
