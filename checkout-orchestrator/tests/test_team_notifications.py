"""The team's lists, and the mail of the day."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from botocore.exceptions import ReadTimeoutError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses import ses_backends
from tests.checkout_shop import BOWL, ORDER

from chalicelib.readmodels.users import SuppressedAddress
from chalicelib.team_notifications.models import SECONDS_KEPT, TeamNotification
from common import events, ids, queues
from common.roles import Role
from testkit import sent_mails
from testkit.tokens import JIMMY

PICK = {
    "audience": "inventory",
    "type": "EMAIL",
    "kind": "ORDER_CONFIRMED",
    "orderId": ORDER,
    "subject": "An order is to be picked",
    "message": "Pick for order #1001:\n2 x Protein Bowl (PROD#001)",
}
WITHDRAWN = {**PICK, "kind": "PICKING_WITHDRAWN", "subject": "Do not ship order #1001"}
DISPUTE = {**PICK, "audience": "admin", "kind": "DISPUTE_OPEN", "subject": "It is disputed"}


def deliver(shop, *messages):
    for message in messages:
        about = (message[name] for name in ("orderId", "kind", "audience", "type"))
        identified = {"notificationId": ids.deterministic("NOTIF", *about), **message}
        shop.api.sqs(f"on-{message['audience']}-notification", [identified])


def read_list(shop, token, audience="inventory", more=""):
    return shop.api.get(f"/notifications?audience={audience}{more}", token)


def subjects(answer):
    return [each["subject"] for each in answer.json_body]


def mails():
    sent = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    texts = [mail.text for mail in sent_mails.list_mails()]
    return [
        (mail.destinations["ToAddresses"], mail.subject, text)
        for mail, text in zip(sent, texts, strict=True)
    ]


def today():
    return datetime.now(UTC).date().isoformat()


def mail_digest(shop, day=None):
    return shop.api.invoke("send-digest", {"day": day or today()})["status"]


@pytest.fixture
def warehouse(tokens):
    return tokens.staff(Role.WAREHOUSE)


def test_a_low_stock_is_listed_and_in_the_mail_of_the_day(shop, topic, warehouse):
    for fall in ("1", "2"):
        low = events.stock_low(
            fall, product_id=BOWL, name="Protein Bowl", sku=None, available_stock=2, threshold=3
        )
        shop.api.sqs("on-notification", [events.to_message(low)])
    for _ in range(2):
        for _, message in topic():
            shop.api.sqs("on-inventory-notification", [message])

    assert subjects(read_list(shop, warehouse)) == ["Low stock: Protein Bowl"] * 2
    mail_digest(shop)
    ((_, _, text),) = mails()
    assert "Products nearly sold out: 2\nLow stock: Protein Bowl, Low stock" in text


def test_what_the_topic_tells_the_team_is_listed_for_its_audience(shop, topic, warehouse):
    shop.add_order()
    confirmed = {"userId": JIMMY, "type": "EMAIL", "kind": "ORDER_CONFIRMED", "orderId": ORDER}

    shop.api.invoke("send-notification", confirmed)
    deliver(shop, *(message for _, message in topic()))

    assert subjects(read_list(shop, warehouse, "admin")) == ["An order was paid"]
    assert subjects(read_list(shop, warehouse)) == ["An order is to be picked"]


def test_a_notification_that_arrives_twice_is_listed_once(shop, warehouse):
    deliver(shop, PICK)
    before = read_list(shop, warehouse).json_body

    deliver(shop, PICK, PICK)

    assert read_list(shop, warehouse).json_body == before
    assert [each["orderId"] for each in before] == [ORDER]


def test_the_order_of_arrival_does_not_lose_a_withdrawal(shop, warehouse):
    deliver(shop, WITHDRAWN, PICK, WITHDRAWN)

    assert sorted(subjects(read_list(shop, warehouse))) == sorted(
        [WITHDRAWN["subject"], PICK["subject"]]
    )


def test_the_list_is_read_page_by_page_newest_first(shop, warehouse):
    for number in range(3):
        deliver(shop, {**PICK, "orderId": f"ORDER#{number}"})

    first = read_list(shop, warehouse, more="&limit=2")
    cursor = quote(first.headers["X-Next-Cursor"])
    second = read_list(shop, warehouse, more=f"&limit=2&cursor={cursor}")

    shown = [each["orderId"] for each in [*first.json_body, *second.json_body]]
    assert shown == ["ORDER#2", "ORDER#1", "ORDER#0"]
    assert "X-Next-Cursor" not in second.headers
    assert read_list(shop, warehouse, "admin", f"&cursor={cursor}").status_code == 400


@pytest.mark.parametrize("query", ["", "?audience=customer", "?audience=admin&limit=0"])
def test_a_wrong_query_for_the_list_is_named(shop, warehouse, query):
    answer = shop.api.get(f"/notifications{query}", warehouse)

    assert answer.status_code == 400
    assert ("limit" if "limit" in query else "audience") in answer.json_body["Message"]


def test_customers_do_not_read_the_teams_list(shop, jimmy):
    assert read_list(shop, jimmy).status_code == 403


def test_a_listed_notification_ends_after_90_days(shop):
    deliver(shop, PICK)

    (row,) = TeamNotification.scan()
    kept = row.expires_at - datetime.fromisoformat(row.received_at).timestamp()
    assert kept == pytest.approx(SECONDS_KEPT, abs=2)


def test_the_team_gets_one_mail_of_a_day(shop, monkeypatch):
    monkeypatch.setenv("DIGEST_EMAILS", "team@shop.example boss@shop.example")
    deliver(shop, PICK, WITHDRAWN, DISPUTE)
    queues.send("discrepancy-queue", {"kind": "OrderStuck", "detail": "since noon"})

    assert mail_digest(shop) == "MAILED"
    assert mail_digest(shop) == "ALREADY_MAILED"

    ((to, subject, text),), number = mails(), f"#{ids.suffix(ORDER)}"
    assert to == ["team@shop.example", "boss@shop.example"]
    assert today() in subject
    assert f"Orders to pick: 1\n{number}" in text
    assert f"Orders withdrawn, not to be shipped: 1\n{number}" in text
    assert "Disputes opened, to be answered at the gateway: 1" in text
    assert "Discrepancies open: 1" in text


def test_a_day_on_which_nothing_happened_is_not_mailed(shop):
    deliver(shop, PICK)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()

    assert mail_digest(shop, yesterday) == "NOTHING_HAPPENED"
    assert mails() == []


def test_the_digest_is_of_the_shops_own_day(shop, monkeypatch):
    """Noon of the 13th in New York is the 14th in Kiritimati."""
    monkeypatch.setenv("SHOP_TIME_ZONE", "Pacific/Kiritimati")
    deliver(shop, PICK)
    (row,) = TeamNotification.scan()
    row.update([TeamNotification.received_at.set("2025-10-13T16:00:00.000Z")])

    assert mail_digest(shop, "2025-10-13") == "NOTHING_HAPPENED"
    assert mail_digest(shop, "2025-10-14") == "MAILED"


def test_the_schedule_mails_the_day_that_ended_last(shop):
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()

    assert shop.api.invoke("send-digest", {})["day"] == yesterday


def test_a_digest_that_ses_refused_is_mailed_at_the_next_run(shop, interceptor):
    deliver(shop, PICK)
    interceptor.fail_calls("ses", "SendEmail")
    with pytest.raises(ReadTimeoutError):
        mail_digest(shop)
    interceptor.restore()

    assert mail_digest(shop) == "MAILED"
    assert len(mails()) == 1


def test_nobody_is_mailed_whom_the_stage_does_not_name(shop, monkeypatch):
    monkeypatch.delenv("DIGEST_EMAILS")
    deliver(shop, PICK)

    assert mail_digest(shop) == "NO_ADDRESS"
    assert mails() == []


def test_a_busy_days_digest_counts_what_it_does_not_name(shop):
    for number in range(23):
        deliver(shop, {**PICK, "orderId": f"ORDER#{number}"})

    mail_digest(shop)

    ((_, _, text),) = mails()
    assert "Orders to pick: 23" in text
    assert "#19 and 3 more" in text


def test_a_digest_is_not_mailed_to_an_address_that_bounced(shop, monkeypatch):
    monkeypatch.setenv("DIGEST_EMAILS", "team@shop.example gone@shop.example")
    SuppressedAddress(
        SuppressedAddress.key_for("gone@shop.example"), suppressed_at="2025-10-13T00:00:00.000Z"
    ).save()
    deliver(shop, PICK)

    mail_digest(shop)

    ((to, _, _),) = mails()
    assert to == ["team@shop.example"]
