"""A mail that bounces ends the mails of all services to its address."""

from devcloud import mail_failures
from tests.support.actors import ok, poll_until


def test_after_a_bounce_only_mails_that_were_asked_for_are_sent(shop, probe, jimmy, bowl):
    def rows(table, **attributes):
        items = shop.cloud.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]
        expected = {name: {"S": value} for name, value in attributes.items()}
        return [row for row in items if expected.items() <= row.items()]

    probe.await_mail(jimmy.email, "Confirm your address")
    mail_failures.publish_failure(shop.cloud, jimmy.email)
    poll_until(lambda: rows("Users", suppressionReason="BOUNCE"), bool, 30)

    order_id = jimmy.buy(bowl)
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"
    poll_until(
        lambda: rows("Notifications", orderId=order_id, status="UNREACHABLE"),
        lambda unsent: len(unsent) == 2,  # confirmation and receipt
        30,
    )
    ok(jimmy.http.post("/user/password/forgotten", json={"email": jimmy.email}), 202)

    assert probe.await_mail(jimmy.email, "Choose a new password")
    assert probe.mails(jimmy.email, probe.order_number(order_id)) == []
