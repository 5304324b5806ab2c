"""Delete an account: here at once, elsewhere when its access tokens have expired.

The message that announces the deletion is queued before anything is erased, so that no crash in
between leaves the other services uninformed. It is due when the last access token has expired:
until then its bearer could fill another cart.
"""

from contextlib import suppress

from chalicelib.accounts.schemas import AccountErasure
from chalicelib.mails import service as mails
from chalicelib.sessions import service as sessions
from chalicelib.users.models import DeletedUser, EmailClaim, User
from common import clock, events, log, queues, settings, transactions

QUEUE = "account-deletion-queue"
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_MAX_DELAY_SECONDS = 900
# 900 s that an access token lives, 60 s that an authorizer caches it, and clocks differ.
_MAX_TOKEN_SECONDS = 1020


def erase_account(user: User) -> None:
    """Erase the account, and schedule the announcement of its deletion.

    Name, address, phone, password, sessions and mails are erased. Idempotent. After a crash
    halfway, `finish_erasure` erases the rest.
    """
    _announce_later(user)
    claim = EmailClaim(EmailClaim.key_for(user.email))
    with suppress(transactions.TransactionCancelled):  # a concurrent request has deleted it
        transactions.write(
            transactions.delete(user, User.user_id.exists()),
            _bury(user),
            transactions.delete(claim, EmailClaim.owner_id == user.user_id),
        )
    _delete_sessions_and_mails(user.user_id)
    log.logger.info("account deleted", extra={"userId": user.user_id})


def erase_unproved(user: User, *operations: transactions.Operation) -> None:
    """Erase an unproved account, in one transaction with the operations.

    They give its address to another account. After a crash halfway, `finish_erasure` erases the
    rest.

    Raises: TransactionCancelled if it was proved or changed since it was read, or an operation's
    condition does not hold; TransactionContended.
    """
    is_unproved = User.email_verified_at.does_not_exist()
    is_unchanged = User.password_hash == user.password_hash
    _announce_later(user)
    transactions.write(
        transactions.delete(user, is_unproved & is_unchanged), _bury(user), *operations
    )
    _delete_sessions_and_mails(user.user_id)


def finish_erasure(erasure: AccountErasure) -> None:
    """Erase the rest of a deleted account and publish AccountDeleted, once due.

    Does nothing if the account still exists, because its deletion failed. Idempotent.
    """
    if erasure.due > clock.epoch():
        _schedule(erasure)
    elif User.find(erasure.user_id) is None:
        _delete_sessions_and_mails(erasure.user_id)
        events.publish(events.account_deleted(erasure.user_id))
        log.logger.info("account deletion announced", extra={"userId": erasure.user_id})


def _announce_later(user: User) -> None:
    delay = settings.integer("ERASURE_DELAY_SECONDS", _MAX_TOKEN_SECONDS)
    erasure = AccountErasure(
        user_id=user.user_id, due=clock.epoch() + delay, correlation_id=log.correlation_id()
    )
    _schedule(erasure)


def _schedule(erasure: AccountErasure) -> None:
    """Queue the erasure until it is due, or for as long as SQS delays a message."""
    message = {
        "userId": erasure.user_id,
        "due": erasure.due,
        "correlationId": erasure.correlation_id,
    }
    delay = max(0, min(_MAX_DELAY_SECONDS, erasure.due - clock.epoch()))
    queues.send(QUEUE, message, delay=delay)


def _bury(user: User) -> transactions.Operation:
    """Return the write of the account's tombstone."""
    tombstone = DeletedUser(DeletedUser.key_for(user.user_id), deleted_at=clock.now())
    return transactions.put(tombstone)


def _delete_sessions_and_mails(user_id: str) -> None:
    sessions.delete_all(user_id)
    mails.delete_all(user_id)
