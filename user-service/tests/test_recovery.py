import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from conftest import JIMMY

from chalicelib.mails.models import Mail
from common import aws, clock
from common.queues import BatchPartlyFailed

NEW = "a better password"
RESET = "Choose a new password"
CONFIRM = "Confirm your address"
CHANGED = "Your password was changed"
LOGIN = {"email": "jimmy@example.com", "password": "12345"}


def can_enter(shop, password):
    return shop.post("/user/login", {**LOGIN, "password": password}).status_code == 200


def forget(shop, email="jimmy@example.com"):
    return shop.post("/user/password/forgotten", {"email": email})


def reset(shop, token, password=NEW):
    return shop.post("/user/password/reset", {"token": token, "newPassword": password})


def change(shop, token, password="12345", new=NEW):
    return shop.post("/user/password", {"password": password, "newPassword": new}, token=token)


def is_in(shop, tokens):
    return shop.get("/user/profile", token=tokens["token"]).status_code == 200


def is_refused(answer, status=400, code="InvalidMailToken"):
    return (answer.status_code, answer.json_body["Code"]) == (status, code)


def test_a_new_password_replaces_the_old_one_and_ends_the_other_sessions(shop, jimmy, enter):
    here, there = enter(), enter()

    assert change(shop, here["token"]).status_code == 200

    assert can_enter(shop, NEW)
    assert not can_enter(shop, "12345")
    assert is_in(shop, here)
    assert shop.post("/user/refresh", {"refreshToken": here["refreshToken"]}).status_code == 200
    assert not is_in(shop, there)
    assert shop.post("/user/refresh", {"refreshToken": there["refreshToken"]}).status_code == 401


def test_a_mail_whose_claim_was_written_and_not_answered_is_sent_once(
    shop, jimmy, post_office, lose_answer
):
    post_office.deliver()
    forget(shop)
    lose_answer(Mail, "UpdateItem")

    post_office.deliver(times=2)

    assert len(post_office.sent(RESET)) == 1


def test_a_change_needs_the_old_password(shop, jimmy, enter):
    here = enter()

    assert is_refused(change(shop, here["token"], password="54321"), 401, "InvalidCredentials")
    assert can_enter(shop, "12345")


def test_a_stolen_access_token_guesses_no_faster_than_a_guest(shop, jimmy, enter, monkeypatch):
    here, now = enter(), clock.epoch()
    monkeypatch.setattr(clock, "epoch", lambda: now)
    answers = [change(shop, here["token"], password=f"guess{number}") for number in range(7)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2


def test_a_repeated_change_changes_nothing_more(shop, jimmy, enter):
    here = enter()
    assert change(shop, here["token"]).status_code == 200
    there = enter(password=NEW)

    assert change(shop, here["token"]).status_code == 200
    assert is_in(shop, there)


def test_a_repeat_makes_good_what_a_change_left_undone(shop, jimmy, enter, post_office, meanwhile):
    here = enter()
    forget(shop)
    old = post_office.token(RESET)
    meanwhile(die, "update_item", "AccountMails")
    assert change(shop, here["token"]).status_code == 500

    assert change(shop, here["token"]).status_code == 200

    assert is_refused(reset(shop, old, "chosen by a thief"))
    post_office.deliver()
    assert len(post_office.sent(CHANGED)) == 1


def die():
    raise ClientError({"Error": {"Code": "InternalServerError", "Message": "down"}}, "UpdateItem")


def test_a_change_whose_mails_a_deletion_takes_is_a_change(
    shop, jimmy, enter, post_office, meanwhile
):
    here = enter()
    forget(shop)
    post_office.deliver()
    meanwhile(lambda: delete(shop, here["token"], NEW), "update_item", "AccountMails")

    assert change(shop, here["token"]).status_code == 200


def delete(shop, token, password):
    return shop.request("DELETE", "/user", {"password": password}, token, None)


def test_the_new_password_is_no_second_guess_of_the_old_one(shop, jimmy, enter):
    refused = change(shop, enter()["token"], password="guess", new="12345")

    assert is_refused(refused, 401, "InvalidCredentials")


def test_a_change_can_be_repeated_by_its_own_session_and_for_a_few_minutes(
    shop, jimmy, enter, travel
):
    travel(0)
    here = enter()
    assert change(shop, here["token"]).status_code == 200
    there = enter(password=NEW)

    assert is_refused(change(shop, there["token"]), 401, "InvalidCredentials")
    travel(240)
    assert change(shop, here["token"]).status_code == 200
    travel(301)
    assert is_refused(change(shop, here["token"]), 401, "InvalidCredentials")


def test_whoever_is_logged_out_everywhere_does_not_stay_by_changing_the_password(
    shop, jimmy, enter, meanwhile
):
    here, there = enter(), enter()
    thieves = []

    def log_out():
        shop.post("/user/logout", {"everywhere": True}, token=there["token"])
        thieves.append(enter())

    meanwhile(log_out, "transact_write_items")

    assert is_refused(change(shop, here["token"]), 401, "SessionEnded")
    assert not is_in(shop, here)
    assert change(shop, enter()["token"]).status_code == 200
    assert not is_in(shop, thieves[0])


@pytest.mark.parametrize("new", ["1234", "x" * 73])
def test_the_shop_accepts_the_same_passwords_everywhere(shop, jimmy, enter, post_office, new):
    assert change(shop, enter()["token"], new=new).status_code == 400
    forget(shop)
    token = post_office.token(RESET)
    assert reset(shop, token, new).status_code == 400
    assert reset(shop, token).status_code == 200


def test_the_owner_is_mailed_that_the_password_was_changed(shop, jimmy, enter, post_office):
    change(shop, enter()["token"])
    post_office.deliver(times=2)

    (mail,) = post_office.sent(CHANGED)
    assert mail.destinations["ToAddresses"] == ["jimmy@example.com"]


def test_who_forgot_the_password_chooses_a_new_one_by_mail(shop, jimmy, enter, post_office):
    thief = enter()
    assert forget(shop, " JIMMY@example.com").status_code == 202

    assert reset(shop, post_office.token(RESET)).status_code == 200

    assert can_enter(shop, NEW)
    assert not can_enter(shop, "12345")
    assert not is_in(shop, thief)
    assert post_office.sent(RESET)[0].destinations["ToAddresses"] == ["jimmy@example.com"]
    assert shop.get("/user/profile", token=enter(password=NEW)["token"]).json_body["emailVerified"]


def test_a_token_works_once(shop, jimmy, post_office):
    forget(shop)
    token = post_office.token(RESET)
    assert reset(shop, token).status_code == 200

    assert is_refused(reset(shop, token, "yet another one"))
    assert can_enter(shop, NEW)


def test_a_repeat_makes_good_that_nobody_was_told_of_a_password_chosen_anew(
    shop, jimmy, post_office, monkeypatch
):
    forget(shop)
    token = post_office.token(RESET)
    with monkeypatch.context() as trouble:
        refuse(trouble, "sqs", "send_message")
        assert reset(shop, token).status_code == 500

    assert reset(shop, token).status_code == 200
    post_office.deliver()
    assert len(post_office.sent(CHANGED)) == 1


def test_a_used_token_guesses_no_faster_than_a_guest(shop, jimmy, post_office):
    forget(shop)
    token = post_office.token(RESET)
    reset(shop, token)

    answers = [reset(shop, token, f"guess number {number}") for number in range(6)]

    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert reset(shop, token).status_code == 429


def test_of_many_who_use_a_token_at_once_one_succeeds(shop, jimmy, post_office):
    forget(shop)
    token = post_office.token(RESET)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: reset(shop, token, f"password {number}"), range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5


def test_a_token_is_void_after_an_hour(shop, jimmy, post_office, travel):
    travel(0)
    forget(shop)
    token = post_office.token(RESET)
    travel(3600 + 5)

    assert is_refused(reset(shop, token))


def test_a_new_mail_voids_the_one_before(shop, jimmy, post_office):
    forget(shop)
    old = post_office.token(RESET)
    forget(shop)
    new = post_office.token(RESET)

    assert is_refused(reset(shop, old))
    assert reset(shop, new).status_code == 200


def test_changing_the_password_voids_the_mail_of_whoever_forgot_it(shop, jimmy, enter, post_office):
    forget(shop)
    old = post_office.token(RESET)
    assert change(shop, enter()["token"]).status_code == 200

    assert is_refused(reset(shop, old, "chosen by a thief"))
    assert can_enter(shop, NEW)


def test_a_token_is_for_one_purpose(shop, jimmy, post_office):
    assert is_refused(reset(shop, post_office.token(CONFIRM)))


def test_what_is_no_token_is_refused(shop, jimmy, post_office, subtests):
    forget(shop)
    user, secret = post_office.token(RESET).split(".")
    for text in ("x", ".", f"{user}.", f".{secret}", f"{user}.{secret}x", f"nobody.{secret}"):
        with subtests.test(text=text):
            assert is_refused(reset(shop, text))
            assert is_refused(shop.post("/user/email/verify", {"token": text}))


def test_tokens_are_kept_as_digests_and_stand_in_no_log_and_no_answer(
    shop, jimmy, rows, post_office, capfd
):
    answer = forget(shop)
    secret = post_office.token(RESET).split(".")[1]
    reset(shop, post_office.token(RESET))

    assert secret not in json.dumps(rows("AccountMails"), default=str)
    assert secret not in json.dumps(answer.json_body)
    assert secret not in "".join(capfd.readouterr())
    assert not any(secret in json.dumps(message) for message in post_office.waiting())


def test_a_message_that_comes_twice_is_one_mail(shop, jimmy, post_office):
    post_office.deliver()
    forget(shop)
    post_office.deliver(times=3)

    assert len(post_office.sent(RESET)) == 1
    assert len(post_office.sent(CONFIRM)) == 1


def test_a_message_that_comes_after_a_later_one_voids_nothing(shop, jimmy, post_office):
    forget(shop)
    (early,) = (message for message in post_office.deliver() if message["kind"] == "PASSWORD_RESET")
    forget(shop)
    token = post_office.token(RESET)

    shop.sqs("on-user-mail", [early])

    assert reset(shop, token).status_code == 200


def test_a_mail_that_could_not_be_sent_is_sent_when_its_message_comes_again(
    shop, jimmy, post_office, travel, monkeypatch
):
    post_office.deliver()
    forget(shop)
    travel(0)
    with monkeypatch.context() as trouble:
        refuse(trouble)
        (message,) = post_office.waiting()
        with pytest.raises(BatchPartlyFailed):
            shop.sqs("on-user-mail", [message])
    # For all that anybody knows the first delivery is still at it: the message is not done.
    with pytest.raises(BatchPartlyFailed):
        shop.sqs("on-user-mail", [message])
    travel(180)

    assert reset(shop, post_office.token(RESET)).status_code == 200


def refuse(monkeypatch, service="ses", call="send_email"):
    def refused(**_):
        raise ClientError({"Error": {"Code": "Throttling", "Message": "down"}}, call)

    monkeypatch.setattr(aws.client(service), call, refused)


def test_two_deliveries_at_once_send_one_mail(shop, jimmy, post_office):
    post_office.deliver()
    forget(shop)
    (message,) = post_office.waiting()

    def deliver(_):
        try:
            shop.sqs("on-user-mail", [message])
        except BatchPartlyFailed:
            return "again later"

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(deliver, range(6)))

    assert len(post_office.sent(RESET)) == 1
    token = re.search(r"#token=(\S+)", post_office.sent(RESET)[0].body)[1]
    assert reset(shop, token).status_code == 200


def test_a_dead_letter_of_yesterday_opens_nothing_today(shop, jimmy, post_office, travel):
    travel(-86400)
    forget(shop)
    travel(0)
    post_office.deliver()

    assert post_office.sent(RESET) == []


def test_a_stranger_is_sent_no_more_than_a_few_mails(shop, jimmy, post_office, travel, come_from):
    travel(0)
    answers = []
    for number in range(8):
        come_from(f"10.0.0.{number}")
        answers.append(forget(shop))
    assert [answer.status_code for answer in answers] == [202] * 5 + [429] * 3
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600

    # The owner is not shut out meanwhile: the last mail works.
    assert reset(shop, post_office.token(RESET)).status_code == 200
    travel(3601)
    assert forget(shop).status_code == 202


def test_an_address_is_proved_by_the_mail_to_it(shop, jimmy, enter, post_office):
    tokens = enter()
    assert shop.get("/user/profile", token=tokens["token"]).json_body["emailVerified"] is False

    for _ in range(2):
        assert (
            shop.post("/user/email/verify", {"token": post_office.token(CONFIRM)}).status_code
            == 200
        )

    assert shop.get("/user/profile", token=tokens["token"]).json_body["emailVerified"] is True


def test_the_proof_can_be_asked_for_again(shop, jimmy, enter, post_office):
    first = post_office.token(CONFIRM)
    tokens = enter()
    assert shop.post("/user/email/verification", token=tokens["token"]).status_code == 202
    second = post_office.token(CONFIRM)

    assert is_refused(shop.post("/user/email/verify", {"token": first}))
    assert shop.post("/user/email/verify", {"token": second}).status_code == 200
    shop.post("/user/email/verification", token=tokens["token"])
    post_office.deliver()
    assert len(post_office.sent(CONFIRM)) == 2


def test_a_mail_greets_by_a_name_only_whom_it_belongs_to(shop, jimmy, post_office):
    shop.post(
        "/user/register", {**JIMMY, "email": "victim@example.com", "name": "Visit evil.example"}
    )
    post_office.deliver()

    assert not any("evil" in mail.body for mail in post_office.sent())
