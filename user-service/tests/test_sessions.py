import json
from concurrent.futures import ThreadPoolExecutor

from actors import JIMMY, LOGIN
from moto.dynamodb.models import DynamoDBBackend

DAY = 86400


def refresh(shop, token):
    return shop.post("/user/refresh", {"refreshToken": token})


def is_logged_in(shop, tokens):
    return shop.get("/user/profile", token=tokens["token"]).status_code == 200


def delete_account(shop, tokens):
    return shop.request("DELETE", "/user", {"password": JIMMY["password"]}, tokens["token"], None)


def is_rejected(answer):
    return (answer.status_code, answer.json_body["Code"]) == (401, "InvalidRefreshToken")


def test_a_refresh_returns_new_tokens_of_the_same_session(shop, jimmy, log_in):
    first = log_in()

    second = refresh(shop, first["refreshToken"]).json_body

    assert second.keys() == {"token", "refreshToken", "userId", "expiresIn"}
    assert (second["userId"], second["expiresIn"]) == (jimmy, 900)
    assert second["refreshToken"] != first["refreshToken"]
    assert is_logged_in(shop, second)
    assert refresh(shop, second["refreshToken"]).status_code == 200


def test_responses_with_tokens_are_not_cached(shop, jimmy):
    answer = shop.post("/user/login", LOGIN)

    assert answer.headers["Cache-Control"] == "no-store"


def test_a_refresh_repeated_after_a_lost_response_gets_the_same_token(shop, jimmy, log_in):
    first = log_in()["refreshToken"]

    again = [refresh(shop, first).json_body["refreshToken"] for _ in range(3)]

    assert len(set(again)) == 1
    assert refresh(shop, again[0]).status_code == 200


def test_concurrent_refreshes_with_one_token_get_one_successor(shop, jimmy, log_in):
    first = log_in()["refreshToken"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(shop, first), range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json_body["refreshToken"] for answer in answers}) == 1


def test_a_slow_refresh_does_not_revert_the_session(shop, jimmy, log_in, monkeypatch):
    first = log_in()["refreshToken"]
    update = DynamoDBBackend.update_item

    def refresh_twice_first(*args, **kwargs):
        monkeypatch.setattr(DynamoDBBackend, "update_item", update)
        second = refresh(shop, first).json_body["refreshToken"]
        assert refresh(shop, second).status_code == 200
        return update(*args, **kwargs)

    monkeypatch.setattr(DynamoDBBackend, "update_item", refresh_twice_first)

    assert is_rejected(refresh(shop, first))


def test_a_refresh_whose_write_lost_its_response_is_no_reuse(
    shop, jimmy, log_in, set_clock, monkeypatch
):
    """The SDK repeats the write, longer after it than a client repeats a refresh."""
    set_clock(0)
    first = log_in()["refreshToken"]
    update = DynamoDBBackend.update_item

    def update_twice(*args, **kwargs):
        monkeypatch.setattr(DynamoDBBackend, "update_item", update)
        update(*args, **kwargs)
        set_clock(11)
        return update(*args, **kwargs)

    monkeypatch.setattr(DynamoDBBackend, "update_item", update_twice)
    renewed = refresh(shop, first)

    assert renewed.status_code == 200
    assert refresh(shop, renewed.json_body["refreshToken"]).status_code == 200


def test_a_reused_refresh_token_ends_the_session_for_both_holders(shop, jimmy, log_in, set_clock):
    stolen = log_in()
    other_session = log_in()
    set_clock(0)
    one = refresh(shop, stolen["refreshToken"]).json_body
    set_clock(60)

    assert is_rejected(refresh(shop, stolen["refreshToken"]))

    assert is_rejected(refresh(shop, one["refreshToken"]))
    assert not is_logged_in(shop, one)
    assert is_logged_in(shop, other_session)


def test_a_used_token_is_reuse_once_its_successor_was_used(shop, jimmy, log_in):
    first = log_in()["refreshToken"]
    second = refresh(shop, first).json_body["refreshToken"]
    third = refresh(shop, second).json_body["refreshToken"]

    assert is_rejected(refresh(shop, first))
    assert is_rejected(refresh(shop, third))


def test_guessing_a_refresh_token_ends_no_session(shop, jimmy, log_in):
    mine = log_in()["refreshToken"]
    user, session, family, secret = mine.split(".")

    for guess in (f"{user}.{session}.guess.{secret}", f"{user}.{session}.{family[::-1]}.{secret}"):
        assert is_rejected(refresh(shop, guess))

    assert refresh(shop, mine).status_code == 200


def test_a_malformed_refresh_token_is_rejected(shop, jimmy, log_in, subtests):
    for text in ("x", "a.b.c", "a.b.c.d", "...", log_in()["token"], "é.b.c.d", "EMAIL#x.b.c.d"):
        with subtests.test(text=text):
            assert is_rejected(refresh(shop, text))
    for wrong in (None, 5, "", "x" * 513, ["x"]):
        with subtests.test(text=wrong):
            assert shop.post("/user/refresh", {"refreshToken": wrong}).status_code == 400


def test_a_session_that_is_not_refreshed_expires(shop, jimmy, log_in, set_clock):
    set_clock(0)
    tokens = log_in()
    set_clock(30 * DAY + 1)

    assert is_rejected(refresh(shop, tokens["refreshToken"]))


def test_a_session_ends_after_ninety_days_however_often_refreshed(shop, jimmy, log_in, set_clock):
    set_clock(0)
    token = log_in()["refreshToken"]
    for day in (25, 50, 75, 89):
        set_clock(day * DAY)
        token = refresh(shop, token).json_body["refreshToken"]
    set_clock(90 * DAY + 1)

    assert is_rejected(refresh(shop, token))


def test_a_logout_ends_this_session_and_no_other(shop, jimmy, log_in):
    here, there = log_in(), log_in()

    answer = shop.post("/user/logout", {}, token=here["token"])

    assert (answer.status_code, answer.json_body) == (200, {"message": "Logged out"})
    assert is_rejected(refresh(shop, here["refreshToken"]))
    assert not is_logged_in(shop, here)
    assert is_logged_in(shop, there)
    assert refresh(shop, there["refreshToken"]).status_code == 200


def test_a_logout_everywhere_ends_all_own_sessions_and_no_others(shop, jimmy, log_in):
    shop.post("/user/register", {**JIMMY, "email": "jane@example.com"})
    sessions, jane = [log_in(), log_in(), log_in()], log_in("jane@example.com")

    assert (
        shop.post("/user/logout", {"everywhere": True}, token=sessions[1]["token"]).status_code
        == 200
    )

    assert not any(is_logged_in(shop, session) for session in sessions)
    assert all(is_rejected(refresh(shop, session["refreshToken"])) for session in sessions)
    assert is_logged_in(shop, jane)
    assert is_logged_in(shop, log_in())


def test_a_repeated_logout_ends_nothing_more(shop, jimmy, log_in):
    out = log_in()
    shop.post("/user/logout", {}, token=out["token"])
    later = log_in()

    again = shop.post("/user/logout", {"everywhere": True}, token=out["token"])

    assert again.status_code == 200
    assert is_logged_in(shop, later)


def test_a_logout_everywhere_succeeds_while_the_account_is_deleted(
    shop, jimmy, log_in, before_next_write
):
    here, there = log_in(), log_in()
    before_next_write(lambda: delete_account(shop, there), "update_item", "Users")

    assert shop.post("/user/logout", {"everywhere": True}, token=here["token"]).status_code == 200


def test_refresh_tokens_are_stored_as_digests(shop, jimmy, log_in, rows):
    tokens = log_in()
    refresh(shop, tokens["refreshToken"])

    stored = json.dumps(rows("Sessions"), default=str)
    assert not [part for part in tokens["refreshToken"].split(".")[2:] if part in stored]


def test_anybody_may_read_the_public_keys(shop, jimmy, log_in):
    answer = shop.get("/user/.well-known/jwks.json")

    assert answer.status_code == 200
    (key,) = answer.json_body["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "EdDSA")
    assert "d" not in key
