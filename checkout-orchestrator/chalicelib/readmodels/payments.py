"""Read model of this service's table Payments, for what `payments` imports."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb, ids

DECLINED = "FAILED"  # the status of a payment that was declined


class Payment(Model):
    """The payment of an order."""

    class Meta(dynamodb.Meta):
        table_name = "Payments"

    payment_id = UnicodeAttribute(hash_key=True, attr_name="paymentId")
    status = UnicodeAttribute()


def was_declined(order_id: str) -> bool:
    """Whether the order's payment was declined, strongly consistent."""
    payment = dynamodb.find(Payment, f"PAY#{ids.suffix(order_id)}")
    return payment is not None and payment.status == DECLINED
