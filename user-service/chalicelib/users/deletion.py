"""Deleting an account: here at once, in the rest of the shop once nobody can act for it any more.

That it will have to be told is on a queue before anything is erased, so that no crash in between leaves the others untold. They
hear of it when the last access token has expired, or what its bearer does meanwhile would stay.
"""

from contextlib import suppress

from chalicelib.mails import service as mails
from chalicelib.sessions import service as sessions
from chalicelib.users.models import Deleted, EmailClaim, User
from chalicelib.users.schemas import Erasure
from common import clock, events, log, queues, settings, transactions

QUEUE = "account-deletion-queue"
_MOST_DELAY = 900  # of SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_TOKENS_ARE_BELIEVED = (
    1020  # 900 s that one lives, 60 s in an authorizer's cache, and clocks differ
)


def erase(user: User) -> None:
    """Erase name, address, phone, password, sessions and mails of the account, and have the others erase what they keep.

    If this dies halfway, the rest is erased with what the others keep.
    """
    wait = settings.integer("ERASURE_DELAY_SECONDS", _TOKENS_ARE_BELIEVED)
    _come_back(
        Erasure(user_id=user.user_id, due=clock.epoch() + wait, correlation_id=log.correlation_id())
    )
    with suppress(transactions.TransactionCancelled):  # somebody else is deleting it as well
        transactions.write(
            transactions.delete(user, User.user_id.exists()),
            transactions.delete(
                EmailClaim(EmailClaim.key_of(user.email)), EmailClaim.owner_id == user.user_id
            ),
            transactions.put(Deleted(Deleted.key_of(user.user_id), deleted_at=clock.now())),
        )
    _forget(user.user_id)
    log.logger.info("account deleted", extra={"userId": user.user_id})


def finish(erasure: Erasure) -> None:
    """Erase what is left here, and tell the others; later, if it is too early. Nothing, if the account was not deleted after all.

    Safe to repeat.
    """
    if erasure.due > clock.epoch():
        _come_back(erasure)
    elif User.find(erasure.user_id) is None:
        _forget(erasure.user_id)
        events.publish(events.account_deleted(erasure.user_id))
        log.logger.info("account deletion announced", extra={"userId": erasure.user_id})


def _come_back(erasure: Erasure) -> None:
    message = {
        "userId": erasure.user_id,
        "due": erasure.due,
        "correlationId": erasure.correlation_id,
    }
    queues.send(QUEUE, message, delay=max(0, min(_MOST_DELAY, erasure.due - clock.epoch())))


def _forget(user_id: str) -> None:
    sessions.forget(user_id)
    mails.forget(user_id)
