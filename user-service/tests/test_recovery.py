import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from actors import LOGIN
from botocore.exceptions import ClientError

from chalicelib.mails.models import Mail
from common import aws, clock
from common.queues import BatchPartlyFailed

NEW = "a better password"
RESET = "Choose a new password"
CONFIRM = "Confirm your address"
CHANGED = "Your password was changed"


def can_log_in(shop, password):
    return shop.post("/user/login", {**LOGIN, "password": password}).status_code == 200


def request_reset(shop, email="jimmy@example.com"):
    return shop.post("/user/password/forgotten", {"email": email})


def reset_password(shop, token, password=NEW):
    return shop.post("/user/password/reset", {"token": token, "newPassword": password})


def change_password(shop, token, password="12345", new=NEW):
    return shop.post("/user/password", {"password": password, "newPassword": new}, token=token)


def is_logged_in(shop, tokens):
    return shop.get("/user/profile", token=tokens["token"]).status_code == 200


def is_rejected(answer, status=400, code="InvalidMailToken"):
    return (answer.status_code, answer.json_body["Code"]) == (status, code)


def test_a_new_password_replaces_the_old_one_and_ends_other_sessions(shop, jimmy, log_in):
    here, there = log_in(), log_in()

    assert change_password(shop, here["token"]).status_code == 200

    assert can_log_in(shop, NEW)
    assert not can_log_in(shop, "12345")
    assert is_logged_in(shop, here)
    assert shop.post("/user/refresh", {"refreshToken": here["refreshToken"]}).status_code == 200
    assert not is_logged_in(shop, there)
    assert shop.post("/user/refresh", {"refreshToken": there["refreshToken"]}).status_code == 401


def test_a_mail_whose_claim_lost_its_response_is_sent_once(shop, jimmy, mailer, lose_response):
    mailer.deliver()
    request_reset(shop)
    lose_response(Mail, "UpdateItem")

    mailer.deliver(times=2)

    assert len(mailer.sent(RESET)) == 1


def test_a_password_change_needs_the_old_password(shop, jimmy, log_in):
    here = log_in()

    assert is_rejected(
        change_password(shop, here["token"], password="54321"), 401, "InvalidCredentials"
    )
    assert can_log_in(shop, "12345")


def test_a_stolen_access_token_is_rate_limited_like_a_login(shop, jimmy, log_in, monkeypatch):
    here, now = log_in(), clock.epoch()
    monkeypatch.setattr(clock, "epoch", lambda: now)
    answers = [
        change_password(shop, here["token"], password=f"guess{number}") for number in range(7)
    ]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2


def test_a_repeated_change_changes_nothing_more(shop, jimmy, log_in):
    here = log_in()
    assert change_password(shop, here["token"]).status_code == 200
    there = log_in(password=NEW)

    assert change_password(shop, here["token"]).status_code == 200
    assert is_logged_in(shop, there)


def test_a_repeated_change_finishes_what_a_crash_left_undone(
    shop, jimmy, log_in, mailer, before_next_write
):
    here = log_in()
    request_reset(shop)
    old = mailer.token(RESET)
    before_next_write(fail_update, "update_item", "AccountMails")
    assert change_password(shop, here["token"]).status_code == 500

    assert change_password(shop, here["token"]).status_code == 200

    assert is_rejected(reset_password(shop, old, "chosen by a thief"))
    mailer.deliver()
    assert len(mailer.sent(CHANGED)) == 1


def fail_update():
    raise ClientError({"Error": {"Code": "InternalServerError", "Message": "down"}}, "UpdateItem")


def test_a_password_change_succeeds_while_the_account_is_deleted(
    shop, jimmy, log_in, mailer, before_next_write
):
    here = log_in()
    request_reset(shop)
    mailer.deliver()
    before_next_write(
        lambda: delete_account(shop, here["token"], NEW), "update_item", "AccountMails"
    )

    assert change_password(shop, here["token"]).status_code == 200


def delete_account(shop, token, password):
    return shop.request("DELETE", "/user", {"password": password}, token, None)


def test_the_new_password_is_no_second_guess(shop, jimmy, log_in):
    rejected = change_password(shop, log_in()["token"], password="guess", new="12345")

    assert is_rejected(rejected, 401, "InvalidCredentials")


def test_a_change_can_be_repeated_in_its_session_for_five_minutes(shop, jimmy, log_in, set_clock):
    set_clock(0)
    here = log_in()
    assert change_password(shop, here["token"]).status_code == 200
    there = log_in(password=NEW)

    assert is_rejected(change_password(shop, there["token"]), 401, "InvalidCredentials")
    set_clock(240)
    assert change_password(shop, here["token"]).status_code == 200
    set_clock(301)
    assert is_rejected(change_password(shop, here["token"]), 401, "InvalidCredentials")


def test_a_logout_everywhere_wins_over_a_concurrent_password_change(
    shop, jimmy, log_in, before_next_write
):
    here, there = log_in(), log_in()
    thief_sessions = []

    def log_out_everywhere():
        shop.post("/user/logout", {"everywhere": True}, token=there["token"])
        thief_sessions.append(log_in())

    before_next_write(log_out_everywhere, "transact_write_items")

    assert is_rejected(change_password(shop, here["token"]), 401, "SessionEnded")
    assert not is_logged_in(shop, here)
    assert change_password(shop, log_in()["token"]).status_code == 200
    assert not is_logged_in(shop, thief_sessions[0])


@pytest.mark.parametrize("new", ["1234", "x" * 73])
def test_password_rules_are_the_same_for_change_and_reset(shop, jimmy, log_in, mailer, new):
    assert change_password(shop, log_in()["token"], new=new).status_code == 400
    request_reset(shop)
    token = mailer.token(RESET)
    assert reset_password(shop, token, new).status_code == 400
    assert reset_password(shop, token).status_code == 200


def test_the_owner_is_mailed_that_the_password_was_changed(shop, jimmy, log_in, mailer):
    change_password(shop, log_in()["token"])
    mailer.deliver(times=2)

    (mail,) = mailer.sent(CHANGED)
    assert mail.to == "jimmy@example.com"


def test_a_forgotten_password_is_reset_by_mail(shop, jimmy, log_in, mailer):
    thief = log_in()
    assert request_reset(shop, " JIMMY@example.com").status_code == 202

    assert reset_password(shop, mailer.token(RESET)).status_code == 200

    assert can_log_in(shop, NEW)
    assert not can_log_in(shop, "12345")
    assert not is_logged_in(shop, thief)
    assert mailer.sent(RESET)[0].to == "jimmy@example.com"
    assert shop.get("/user/profile", token=log_in(password=NEW)["token"]).json_body["emailVerified"]


def test_a_reset_token_works_once(shop, jimmy, mailer):
    request_reset(shop)
    token = mailer.token(RESET)
    assert reset_password(shop, token).status_code == 200

    assert is_rejected(reset_password(shop, token, "yet another one"))
    assert can_log_in(shop, NEW)


def test_a_repeated_reset_sends_the_mail_that_failed(shop, jimmy, mailer, monkeypatch):
    request_reset(shop)
    token = mailer.token(RESET)
    with monkeypatch.context() as outage:
        fail_call(outage, "sqs", "send_message")
        assert reset_password(shop, token).status_code == 500

    assert reset_password(shop, token).status_code == 200
    mailer.deliver()
    assert len(mailer.sent(CHANGED)) == 1


def test_a_used_reset_token_is_rate_limited_like_a_login(shop, jimmy, mailer):
    request_reset(shop)
    token = mailer.token(RESET)
    reset_password(shop, token)

    answers = [reset_password(shop, token, f"guess number {number}") for number in range(6)]

    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert reset_password(shop, token).status_code == 429


def test_concurrent_uses_of_a_reset_token_succeed_once(shop, jimmy, mailer):
    request_reset(shop)
    token = mailer.token(RESET)

    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda number: reset_password(shop, token, f"password {number}"), range(6))
        )

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5


def test_a_reset_token_expires_after_an_hour(shop, jimmy, mailer, set_clock):
    set_clock(0)
    request_reset(shop)
    token = mailer.token(RESET)
    set_clock(3600 + 5)

    assert is_rejected(reset_password(shop, token))


def test_a_new_mail_voids_the_previous_one(shop, jimmy, mailer):
    request_reset(shop)
    old = mailer.token(RESET)
    request_reset(shop)
    new = mailer.token(RESET)

    assert is_rejected(reset_password(shop, old))
    assert reset_password(shop, new).status_code == 200


def test_changing_the_password_voids_the_reset_mail(shop, jimmy, log_in, mailer):
    request_reset(shop)
    old = mailer.token(RESET)
    assert change_password(shop, log_in()["token"]).status_code == 200

    assert is_rejected(reset_password(shop, old, "chosen by a thief"))
    assert can_log_in(shop, NEW)


def test_a_mail_token_is_for_one_purpose(shop, jimmy, mailer):
    assert is_rejected(reset_password(shop, mailer.token(CONFIRM)))


def test_a_malformed_mail_token_is_rejected(shop, jimmy, mailer, subtests):
    request_reset(shop)
    user, secret = mailer.token(RESET).split(".")
    for text in ("x", ".", f"{user}.", f".{secret}", f"{user}.{secret}x", f"nobody.{secret}"):
        with subtests.test(text=text):
            assert is_rejected(reset_password(shop, text))
            assert is_rejected(
                shop.post("/user/email/verify", {"token": text, "password": "12345"})
            )


def test_mail_tokens_are_stored_as_digests_and_not_logged(shop, jimmy, rows, mailer, capfd):
    answer = request_reset(shop)
    secret = mailer.token(RESET).split(".")[1]
    reset_password(shop, mailer.token(RESET))

    assert secret not in json.dumps(rows("AccountMails"), default=str)
    assert secret not in json.dumps(answer.json_body)
    assert secret not in "".join(capfd.readouterr())
    assert not any(secret in json.dumps(message) for message in mailer.waiting())


def test_a_message_delivered_twice_sends_one_mail(shop, jimmy, mailer):
    mailer.deliver()
    request_reset(shop)
    mailer.deliver(times=3)

    assert len(mailer.sent(RESET)) == 1
    assert len(mailer.sent(CONFIRM)) == 1


def test_a_late_message_does_not_void_a_later_mail(shop, jimmy, mailer):
    request_reset(shop)
    (early,) = (message for message in mailer.deliver() if message["kind"] == "PASSWORD_RESET")
    request_reset(shop)
    token = mailer.token(RESET)

    shop.sqs("on-user-mail", [early])

    assert reset_password(shop, token).status_code == 200


def test_a_mail_that_failed_is_sent_when_its_message_is_redelivered(
    shop, jimmy, mailer, set_clock, monkeypatch
):
    mailer.deliver()
    request_reset(shop)
    set_clock(0)
    with monkeypatch.context() as outage:
        fail_call(outage)
        (message,) = mailer.waiting()
        with pytest.raises(BatchPartlyFailed):
            shop.sqs("on-user-mail", [message])
    # The first delivery may still be sending: the message is not done.
    with pytest.raises(BatchPartlyFailed):
        shop.sqs("on-user-mail", [message])
    set_clock(180)

    assert reset_password(shop, mailer.token(RESET)).status_code == 200


def fail_call(monkeypatch, service="ses", call="send_email"):
    def fail(**_):
        raise ClientError({"Error": {"Code": "Throttling", "Message": "down"}}, call)

    monkeypatch.setattr(aws.client(service), call, fail)


def test_concurrent_deliveries_send_one_mail(shop, jimmy, mailer):
    mailer.deliver()
    request_reset(shop)
    (message,) = mailer.waiting()

    def deliver(_):
        try:
            shop.sqs("on-user-mail", [message])
        except BatchPartlyFailed:
            return "again later"

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(deliver, range(6)))

    assert len(mailer.sent(RESET)) == 1
    token = re.search(r"#token=(\S+)", mailer.sent(RESET)[0].text)[1]
    assert reset_password(shop, token).status_code == 200


def test_an_old_dead_letter_sends_no_password_reset(shop, jimmy, mailer, set_clock):
    set_clock(-86400)
    request_reset(shop)
    set_clock(0)
    mailer.deliver()

    assert mailer.sent(RESET) == []


def test_an_address_is_sent_five_reset_mails_an_hour_at_most(
    shop, jimmy, mailer, set_clock, set_source_ip
):
    set_clock(0)
    answers = []
    for number in range(8):
        set_source_ip(f"10.0.0.{number}")
        answers.append(request_reset(shop))
    assert [answer.status_code for answer in answers] == [202] * 5 + [429] * 3
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600

    # The owner is not locked out: the last mail works.
    assert reset_password(shop, mailer.token(RESET)).status_code == 200
    set_clock(3601)
    assert request_reset(shop).status_code == 202


def test_an_address_is_verified_by_the_mail_to_it(shop, jimmy, log_in, mailer):
    tokens = log_in()
    assert shop.get("/user/profile", token=tokens["token"]).json_body["emailVerified"] is False

    for _ in range(2):
        assert (
            shop.post(
                "/user/email/verify", {"token": mailer.token(CONFIRM), "password": "12345"}
            ).status_code
            == 200
        )

    assert shop.get("/user/profile", token=tokens["token"]).json_body["emailVerified"] is True


def test_the_verification_mail_can_be_requested_again(shop, jimmy, log_in, mailer):
    first = mailer.token(CONFIRM)
    tokens = log_in()
    assert shop.post("/user/email/verification", token=tokens["token"]).status_code == 202
    second = mailer.token(CONFIRM)

    assert is_rejected(shop.post("/user/email/verify", {"token": first, "password": "12345"}))
    assert (
        shop.post("/user/email/verify", {"token": second, "password": "12345"}).status_code == 200
    )
    shop.post("/user/email/verification", token=tokens["token"])
    mailer.deliver()
    assert len(mailer.sent(CONFIRM)) == 2
