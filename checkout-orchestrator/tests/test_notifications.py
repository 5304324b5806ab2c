import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns import sns_backends
from tests.checkout_shop import BOWL, ORDER

from chalicelib.notifications.errors import RecipientUnknown
from chalicelib.readmodels.users import SuppressedAddress
from common import aws, events, queues
from testkit import sent_mails
from testkit.tokens import JIMMY

CONFIRMED = {
    "userId": JIMMY,
    "type": "EMAIL",
    "kind": "ORDER_CONFIRMED",
    "orderId": ORDER,
    "subject": "Order confirmed",
    "message": "Your order #1001 is confirmed",
}


def kept():
    """All rows of Notifications, in plain values."""
    items = aws.client("dynamodb").scan(TableName="Notifications", ConsistentRead=True)["Items"]
    return [{name: next(iter(value.values())) for name, value in item.items()} for item in items]


def mails():
    return [(mail.to, mail.subject, mail.text) for mail in sent_mails.list_mails()]


def send(shop, **changes):
    return shop.api.invoke("send-notification", {**CONFIRMED, **changes})


def test_the_requirements_example_sends_a_mail_and_stores_it(shop):
    answer = shop.api.invoke(
        "send-notification",
        {"userId": JIMMY, "type": "EMAIL", "message": "Your order #1001 is confirmed"},
    )

    assert answer["status"] == "SENT"
    ((to, _, text),) = mails()
    assert to == "jimmy@example.com"
    assert "Your order #1001 is confirmed" in text
    (row,) = shop.notifications()
    assert (row["notificationId"], row["userId"], row["status"]) == (
        answer["notificationId"],
        JIMMY,
        "SENT",
    )


def test_a_repeated_step_sends_no_second_notification(shop):
    shop.add_order()

    assert send(shop) == send(shop)

    assert len(mails()) == 1


def test_the_team_is_notified_of_a_sale_and_what_to_pick(shop, topic):
    shop.add_order()

    send(shop)
    send(shop)

    messages = dict(topic())
    assert len(topic()) == 2
    assert "25.98 USD" in messages["admin"]["message"]
    assert f"2 x Protein Bowl ({BOWL})" in messages["inventory"]["message"]


@pytest.mark.parametrize("status", ["CANCELLING", "REFUNDED"])
def test_an_order_cancelled_since_it_was_paid_is_not_picked(shop, topic, status):
    shop.add_order(status=status)

    send(shop)

    assert [audience for audience, _ in topic()] == ["admin"]


def test_the_admin_is_notified_of_a_failure(shop, topic):
    send(
        shop,
        kind="ORDER_FAILED",
        message="Your order #1001 could not be completed: Your card was declined.",
    )

    ((audience, message),) = topic()
    assert audience == "admin"
    assert "declined" in message["message"]


def test_only_the_customer_is_notified_of_a_cancellation(shop, topic):
    send(shop, kind="ORDER_CANCELLED", message="Your order #1001 is cancelled.")

    assert len(mails()) == 1
    assert topic() == []


def test_a_customer_may_be_texted(shop):
    send(shop, type="SMS")

    ((number, text),) = sns_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sms_messages.values()
    assert (number, text) == ("+4915112345", "Your order #1001 is confirmed")
    assert mails() == []


def test_a_mail_that_could_not_be_sent_is_sent_by_the_repeat(shop, interceptor):
    shop.add_order()
    interceptor.fail_calls("ses", "SendEmail")
    with pytest.raises(Exception, match="Read timeout"):
        send(shop)
    assert {row["audience"]: row["status"] for row in shop.notifications()} == {
        "customer": "PENDING",
        "admin": "SENT",  # who sends the goods does not wait for the customer's mail
        "inventory": "SENT",
    }

    assert send(shop)["status"] == "SENT"
    assert len(mails()) == 1


def test_a_repeat_notifies_the_team_and_not_the_customer_again(shop, interceptor, topic):
    shop.add_order()
    interceptor.fail_calls("sns", "Publish")
    with pytest.raises(Exception, match="Read timeout"):
        send(shop)

    send(shop)

    assert len(mails()) == 1
    assert sorted(audience for audience, _ in topic()) == ["admin", "inventory"]


def test_a_deleted_account_gets_no_mail_but_its_goods_are_picked(shop, topic):
    shop.add_order()
    shop.delete_customer(JIMMY)

    first, again = send(shop), send(shop)

    assert (first["status"], again["status"]) == ("UNREACHABLE", "UNREACHABLE")
    assert mails() == []
    assert sorted(audience for audience, _ in topic()) == ["admin", "inventory"]


@pytest.mark.parametrize(("proved_at", "mailed"), [(None, 0), ("2026-01-01", 0), ("2026-01-03", 1)])
def test_an_address_that_bounced_gets_no_mail_until_it_is_proved(shop, proved_at, mailed):
    row = {
        "userId": {"S": SuppressedAddress.key_for("jimmy@example.com")},
        "suppressedAt": {"S": "2026-01-02"},
        **({"provedAt": {"S": proved_at}} if proved_at else {}),
    }
    aws.client("dynamodb").put_item(TableName="Users", Item=row)

    assert send(shop)["status"] == send(shop)["status"] == ("SENT" if mailed else "UNREACHABLE")

    assert len(mails()) == mailed
    assert {row["message"] for row in kept()} == {CONFIRMED["message"]}


def test_the_receipt_of_a_deleted_account_is_no_dead_letter(shop):
    shop.add_order()
    shop.delete_customer(JIMMY)

    shop.api.sqs("on-order-done-receipt", [done()])

    assert mails() == []


def close(shop, user_id=JIMMY):
    shop.api.sqs("on-account-deleted", [events.to_message(events.account_deleted(user_id))])


def test_texts_to_a_deleted_account_are_erased_but_not_their_rows(shop):
    shop.add_order()
    send(shop, kind="NEWS", message="Dear Jimmy Patel, ...", subject="For Jimmy")
    send(shop)
    shop.api.sqs("on-order-done-receipt", [done()])

    for _ in range(2):
        close(shop)

    to_jimmy = [row for row in kept() if row["audience"] == "customer"]
    assert len(to_jimmy) == 3
    assert "Protein Bowl" not in str(to_jimmy)
    assert {(row["subject"], row["message"], row["status"]) for row in to_jimmy} == {
        ("(erased)", "(erased)", "SENT")
    }
    assert "Jimmy" not in str(kept())
    assert any("Order #" in row["message"] for row in kept() if row["audience"] == "admin")


@pytest.mark.parametrize("is_proved", [True, False])
def test_only_a_proved_address_is_greeted_by_name(shop, is_proved):
    shop.add_customer(JIMMY, "jimmy@example.com", "Win at evil.example", is_proved=is_proved)

    send(shop, orderId="ORDER#1")

    ((_, _, text),) = mails()
    assert text.startswith("Hello Win at evil.example,\n" if is_proved else "Hello,\n")


@pytest.mark.parametrize("reason", ["the card expired", "The card expired.", "Expired!"])
def test_the_mail_of_a_failure_is_made_of_whole_sentences(shop, reason):
    send(shop, kind="ORDER_FAILED", orderId="ORDER#1", message=None, reason=reason)

    ((_, _, text),) = mails()
    sentence = reason if reason[-1] in ".!" else f"{reason}."
    assert f"could not be completed: {sentence} Nothing stays charged." in text


def test_a_later_text_to_a_deleted_account_is_not_stored(shop):
    shop.delete_customer(JIMMY)
    send(shop, userId=JIMMY, message="Dear Jimmy Patel, ...")

    assert [(row["status"], row["message"]) for row in kept()] == [("UNREACHABLE", "(erased)")]


def test_a_customer_without_an_address_is_an_error(shop):
    shop.add_customer("USER#02", None, "Nobody")

    with pytest.raises(RecipientUnknown):
        send(shop, userId="USER#02", orderId="ORDER#2")
    with pytest.raises(RecipientUnknown):
        send(shop, userId="USER#03", orderId="ORDER#3")


def test_messages_of_the_topic_reach_customers_once(shop):
    welcome = {
        "audience": "customer",
        "userId": JIMMY,
        "type": "EMAIL",
        "kind": "WELCOME",
        "subject": "Welcome",
        "message": "Welcome to the shop",
    }

    shop.api.sqs("on-notification", [welcome, welcome])

    ((_, subject, text),) = mails()
    assert subject == "Welcome"
    assert "Welcome to the shop" in text


def test_a_notification_that_a_saga_queued_is_sent(shop):
    shop.add_order()

    shop.api.sqs("on-notification", [{**CONFIRMED, "correlationId": "cor-1"}])

    assert len(mails()) == 1


def test_an_invalid_message_is_not_lost(shop):
    with pytest.raises(queues.BatchPartlyFailed):
        shop.api.sqs("on-notification", [{"message": "to whom?"}], "notification-queue")


def done(**changes):
    known = {
        "order_id": ORDER,
        "user_id": JIMMY,
        "items": [events.Line(BOWL, 2)],
        "total_amount": "25.98",
        "currency": "USD",
        "payment_id": "PAY#1",
        "occurred_at": "2025-10-13T14:10:00.000Z",
    }
    return events.to_message(events.create(events.OrderDone, **{**known, **changes}))


def test_a_finished_order_gets_one_receipt_with_lines_and_total(shop):
    shop.add_order(status="CONFIRMED")

    shop.api.sqs("on-order-done-receipt", [done()])
    shop.api.sqs("on-order-done-receipt", [done()])

    ((to, subject, text),) = mails()
    assert to == "jimmy@example.com"
    assert "receipt" in subject
    assert "2 x Protein Bowl: 25.98 USD" in text
    assert "Total: 25.98 USD" in text


@pytest.mark.parametrize("kind", ["ORDER_CONFIRMED", "ORDER_FAILED", "ORDER_CANCELLED"])
def test_customers_and_the_team_call_an_order_by_its_number(shop, topic, kind):
    shop.add_order(orderNumber="251013-1GMCP-0GYYQ")

    send(shop, kind=kind, message=None)

    texts = [text for _, _, text in mails()] + [message["message"] for _, message in topic()]
    assert len(texts) == {"ORDER_CONFIRMED": 3, "ORDER_FAILED": 2, "ORDER_CANCELLED": 1}[kind]
    assert [text for text in texts if "#251013-1GMCP-0GYYQ" not in text] == []


SHIPPED = {
    "subtotalMinor": 2598,
    "discountMinor": 260,
    "taxMinor": 190,
    "shipping": {"name": "Standard", "priceMinor": 490, "totalMinor": 530},
    "totalMinor": 3018,
}


@pytest.mark.parametrize(
    ("tax_included", "ends"),
    [
        (False, "Tax: 1.90 USD\nTotal: 30.18 USD"),
        (True, "Shipping: Standard: 4.90 USD\nTotal, 1.90 USD of it tax: 30.18 USD"),
    ],
)
def test_a_receipt_lists_what_the_total_is_made_of(shop, tax_included, ends):
    shop.add_order(status="CONFIRMED", **SHIPPED, taxIncluded=tax_included)

    shop.api.sqs("on-order-done-receipt", [done(total_amount="30.18")])

    ((_, _, text),) = mails()
    assert "2 x Protein Bowl: 25.98 USD\nDiscount: -2.60 USD\nShipping: Standard" in text
    assert text.endswith(ends)


def test_a_stage_may_confirm_an_order_in_its_receipt(shop, topic, monkeypatch):
    """One mail to the customer, and the team is notified as before."""
    monkeypatch.setenv("ONE_MAIL_PER_ORDER", "1")
    shop.add_order()

    assert send(shop)["status"] == send(shop)["status"] == "IN_RECEIPT"
    shop.api.sqs("on-order-done-receipt", [done()])
    shop.api.sqs("on-order-done-receipt", [done()])

    ((_, subject, body),) = mails()
    assert subject.startswith("Order confirmed: Your receipt")
    assert "is confirmed" in body
    assert "25.98 USD" in body
    assert sorted(audience for audience, _ in topic()) == ["admin", "inventory"]


def test_an_order_that_failed_is_told_at_once_all_the_same(shop, monkeypatch):
    monkeypatch.setenv("ONE_MAIL_PER_ORDER", "1")

    assert send(shop, kind="ORDER_FAILED")["status"] == "SENT"


def test_a_receipt_has_the_day_of_the_shops_own_time_zone(shop, monkeypatch):
    monkeypatch.setenv("SHOP_TIME_ZONE", "Asia/Tokyo")

    shop.api.sqs("on-order-done-receipt", [done(occurred_at="2025-10-13T15:00:00.000Z")])

    ((_, _, text),) = mails()
    assert ", 2025-10-14" in text


def test_a_finished_order_is_audited_once_under_its_day(shop):
    shop.api.sqs("on-order-done-audit", [done()])
    shop.api.sqs("on-order-done-audit", [done()])

    (row,) = shop.audited()
    assert (row["day"], row["orderId"], row["totalMinor"]) == ("2025-10-13", ORDER, 2598)
    assert row["items"] == [{"productId": BOWL, "qty": 2}]


def test_an_event_that_a_saga_queued_is_published(shop, bus):
    shop.api.sqs("on-unpublished-event", [done()])

    (event,) = bus.events("order.done")
    assert event["detail"]["orderId"] == ORDER
    assert event["detail"]["totalAmount"] == 25.98


@pytest.mark.parametrize(
    "message",
    [{}, {"detail-type": "order.eaten", "detail": {}}, {"detail-type": "order.done", "detail": {}}],
)
def test_an_unknown_event_is_not_published(shop, bus, message):
    with pytest.raises(queues.BatchPartlyFailed):
        shop.api.sqs("on-unpublished-event", [message], "unpublished-events-queue")
    assert bus.events() == []


def test_the_warehouse_is_notified_of_a_low_stock_once(shop, topic):
    low = events.stock_low(
        "1", product_id=BOWL, name="Protein Bowl", sku="BOW-1", available_stock=2, threshold=3
    )
    for _ in range(2):
        shop.api.sqs("on-notification", [events.to_message(low)])

    ((audience, message),) = topic()
    assert audience == "inventory"
    assert message["subject"] == "Low stock: Protein Bowl"
    assert message["message"] == "2 of Protein Bowl (BOW-1) are left; the threshold is 3."
    (row,) = kept()
    assert (row["kind"], row["status"]) == ("STOCK_LOW", "SENT")
    assert mails() == []
