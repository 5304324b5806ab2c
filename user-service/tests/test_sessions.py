import json
from concurrent.futures import ThreadPoolExecutor

from conftest import JIMMY
from moto.dynamodb.models import DynamoDBBackend

DAY = 86400


def refresh(shop, token):
    return shop.post("/user/refresh", {"refreshToken": token})


def is_in(shop, tokens):
    return shop.get("/user/profile", token=tokens["token"]).status_code == 200


def delete(shop, tokens):
    return shop.request("DELETE", "/user", {"password": JIMMY["password"]}, tokens["token"], None)


def is_refused(answer):
    return (answer.status_code, answer.json_body["Code"]) == (401, "InvalidRefreshToken")


def test_a_refresh_gives_new_tokens_of_the_same_session(shop, jimmy, enter):
    first = enter()

    second = refresh(shop, first["refreshToken"]).json_body

    assert second.keys() == {"token", "refreshToken", "userId", "expiresIn"}
    assert (second["userId"], second["expiresIn"]) == (jimmy, 900)
    assert second["refreshToken"] != first["refreshToken"]
    assert is_in(shop, second)
    assert refresh(shop, second["refreshToken"]).status_code == 200


def test_no_cache_keeps_tokens(shop, jimmy):
    answer = shop.post("/user/login", {name: JIMMY[name] for name in ("email", "password")})

    assert answer.headers["Cache-Control"] == "no-store"


def test_a_refresh_whose_answer_was_lost_gets_it_again(shop, jimmy, enter):
    first = enter()["refreshToken"]

    again = [refresh(shop, first).json_body["refreshToken"] for _ in range(3)]

    assert len(set(again)) == 1
    assert refresh(shop, again[0]).status_code == 200


def test_refreshes_with_one_token_at_the_same_moment_are_one(shop, jimmy, enter):
    first = enter()["refreshToken"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(shop, first), range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json_body["refreshToken"] for answer in answers}) == 1


def test_a_slow_refresh_does_not_set_the_session_back(shop, jimmy, enter, monkeypatch):
    first = enter()["refreshToken"]
    update = DynamoDBBackend.update_item

    def overtaken(*args, **kwargs):
        monkeypatch.setattr(DynamoDBBackend, "update_item", update)
        second = refresh(shop, first).json_body["refreshToken"]
        assert refresh(shop, second).status_code == 200
        return update(*args, **kwargs)

    monkeypatch.setattr(DynamoDBBackend, "update_item", overtaken)

    assert is_refused(refresh(shop, first))


def test_a_refresh_whose_write_took_effect_unheard_is_no_theft(
    shop, jimmy, enter, travel, monkeypatch
):
    """DynamoDB's answers get lost, and what is sent again meets its own first time, longer ago than a client's repeat."""
    travel(0)
    first = enter()["refreshToken"]
    update = DynamoDBBackend.update_item

    def unheard(*args, **kwargs):
        monkeypatch.setattr(DynamoDBBackend, "update_item", update)
        update(*args, **kwargs)
        travel(11)
        return update(*args, **kwargs)

    monkeypatch.setattr(DynamoDBBackend, "update_item", unheard)
    renewed = refresh(shop, first)

    assert renewed.status_code == 200
    assert refresh(shop, renewed.json_body["refreshToken"]).status_code == 200


def test_a_stolen_refresh_token_ends_the_session_for_thief_and_owner(shop, jimmy, enter, travel):
    stolen = enter()
    other_session = enter()
    travel(0)
    one = refresh(shop, stolen["refreshToken"]).json_body
    travel(60)

    assert is_refused(refresh(shop, stolen["refreshToken"]))

    assert is_refused(refresh(shop, one["refreshToken"]))
    assert not is_in(shop, one)
    assert is_in(shop, other_session)


def test_a_used_token_is_no_repeat_once_its_successor_was_used(shop, jimmy, enter):
    first = enter()["refreshToken"]
    second = refresh(shop, first).json_body["refreshToken"]
    third = refresh(shop, second).json_body["refreshToken"]

    assert is_refused(refresh(shop, first))
    assert is_refused(refresh(shop, third))


def test_who_knows_only_ids_ends_nobodys_session(shop, jimmy, enter):
    mine = enter()["refreshToken"]
    user, session, family, secret = mine.split(".")

    for guess in (f"{user}.{session}.guess.{secret}", f"{user}.{session}.{family[::-1]}.{secret}"):
        assert is_refused(refresh(shop, guess))

    assert refresh(shop, mine).status_code == 200


def test_what_is_no_refresh_token_is_refused(shop, jimmy, enter, subtests):
    for text in ("x", "a.b.c", "a.b.c.d", "...", enter()["token"], "é.b.c.d", "EMAIL#x.b.c.d"):
        with subtests.test(text=text):
            assert is_refused(refresh(shop, text))
    for wrong in (None, 5, "", "x" * 513, ["x"]):
        with subtests.test(text=wrong):
            assert shop.post("/user/refresh", {"refreshToken": wrong}).status_code == 400


def test_a_session_that_nobody_renews_expires(shop, jimmy, enter, travel):
    travel(0)
    tokens = enter()
    travel(30 * DAY + 1)

    assert is_refused(refresh(shop, tokens["refreshToken"]))


def test_a_session_ends_after_ninety_days_however_often_it_is_renewed(shop, jimmy, enter, travel):
    travel(0)
    token = enter()["refreshToken"]
    for day in (25, 50, 75, 89):
        travel(day * DAY)
        token = refresh(shop, token).json_body["refreshToken"]
    travel(90 * DAY + 1)

    assert is_refused(refresh(shop, token))


def test_logout_ends_this_session_and_no_other(shop, jimmy, enter):
    here, there = enter(), enter()

    answer = shop.post("/user/logout", {}, token=here["token"])

    assert (answer.status_code, answer.json_body) == (200, {"message": "Logged out"})
    assert is_refused(refresh(shop, here["refreshToken"]))
    assert not is_in(shop, here)
    assert is_in(shop, there)
    assert refresh(shop, there["refreshToken"]).status_code == 200


def test_logout_everywhere_ends_all_of_them_and_nobody_elses(shop, jimmy, enter):
    shop.post("/user/register", {**JIMMY, "email": "jane@example.com"})
    sessions, jane = [enter(), enter(), enter()], enter("jane@example.com")

    assert (
        shop.post("/user/logout", {"everywhere": True}, token=sessions[1]["token"]).status_code
        == 200
    )

    assert not any(is_in(shop, session) for session in sessions)
    assert all(is_refused(refresh(shop, session["refreshToken"])) for session in sessions)
    assert is_in(shop, jane)
    assert is_in(shop, enter())


def test_a_repeated_logout_ends_nothing_more(shop, jimmy, enter):
    out = enter()
    shop.post("/user/logout", {}, token=out["token"])
    later = enter()

    again = shop.post("/user/logout", {"everywhere": True}, token=out["token"])

    assert again.status_code == 200
    assert is_in(shop, later)


def test_logout_everywhere_of_an_account_that_is_deleted_at_the_same_moment_is_a_logout(
    shop, jimmy, enter, meanwhile
):
    here, there = enter(), enter()
    meanwhile(lambda: delete(shop, there), "update_item", "Users")

    assert shop.post("/user/logout", {"everywhere": True}, token=here["token"]).status_code == 200


def test_a_role_shows_from_the_next_refresh_on(shop, jimmy, enter):
    tokens = enter()
    shop.invoke("grant-role", {"userId": jimmy, "role": "admin"})

    renewed = refresh(shop, tokens["refreshToken"]).json_body

    assert shop.get("/user/profile", token=renewed["token"]).json_body["role"] == "admin"


def test_of_tokens_the_shop_keeps_digests_alone(shop, jimmy, enter, rows):
    tokens = enter()
    refresh(shop, tokens["refreshToken"])

    kept = json.dumps(rows("Sessions"), default=str)
    assert not [part for part in tokens["refreshToken"].split(".")[2:] if part in kept]


def test_anybody_may_read_the_public_keys(shop, jimmy, enter):
    answer = shop.get("/user/.well-known/jwks.json")

    assert answer.status_code == 200
    (key,) = answer.json_body["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "EdDSA")
    assert "d" not in key
