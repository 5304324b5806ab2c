"""All routes and functions of the user service."""

from chalice.app import SQSEvent
from msgspec import convert

from chalicelib.accounts.errors import (
    AccountContended,
    AddressContended,
    IdempotencyKeyReused,
    InvalidCredentials,
)
from chalicelib.accounts.schemas import (
    AccountDeletion,
    AccountErasure,
    AccountExport,
    Confirmation,
    Credentials,
    EmailVerification,
    LoginTokens,
    PasswordChange,
    PasswordReset,
    PasswordResetRequest,
    Profile,
    ProfilePatch,
    ProfileQuery,
    RegisteredUser,
    Registration,
    UsersQuery,
)
from chalicelib.addresses.errors import (
    AddressBookContended,
    AddressKeyReused,
    AddressNotFound,
    TooManyAddresses,
)
from chalicelib.addresses.schemas import AddressDeleted, AddressPatch, AddressView, NewAddress
from chalicelib.mails.errors import InvalidMailToken
from chalicelib.mails.schemas import MailEvent, MailRequest
from chalicelib.rate_limits.errors import TooManyAttempts
from chalicelib.sessions.errors import InvalidRefreshToken, SessionEnded
from chalicelib.sessions.schemas import Logout, SessionTokens, TokenRefresh
from chalicelib.tokens.schemas import JsonWebKeySet, KeyRotation, RotateSigningKey
from chalicelib.users.errors import PasswordTooLong, PasswordTooShort, UserNotFound
from chalicelib.users.schemas import GrantRole, UserRole
from common import auth, ids, lazy_imports, queues, step_input
from common.api import Api, Request
from common.roles import Scope
from common.routes import Access

with lazy_imports.until_first_use():
    from chalicelib.accounts import deletion, proofs, recovery, registration
    from chalicelib.accounts import service as accounts
    from chalicelib.addresses import service as addresses
    from chalicelib.mails import service as mails
    from chalicelib.mails import suppressions
    from chalicelib.sessions import service as sessions
    from chalicelib.tokens import service as tokens
    from chalicelib.users import service as users

api = Api("user-service")
app, authorizer = api.app, api.authorizer

_NEW_PASSWORD = [PasswordTooShort, PasswordTooLong]
_CONFIRMED_BY_PASSWORD = [SessionEnded, InvalidCredentials, TooManyAttempts]


@api.post(
    "/user/register",
    access=Access.PUBLIC,
    summary="Register a customer",
    description="The response is the same whether or not the address has an account already; "
    "a mail to the address tells which. An `Idempotency-Key` counts for one address.",
    body=Registration,
    returns=RegisteredUser,
    status=201,
    errors=[*_NEW_PASSWORD, AddressContended, IdempotencyKeyReused, TooManyAttempts],
    idempotency_key=True,
)
def register_user(request: Request[Registration]) -> RegisteredUser:
    return registration.register(request.body, request.idempotency_key, request.source)


@api.post(
    "/user/login",
    access=Access.PUBLIC,
    summary="Log in with an address and a password",
    description="Starts a session. The access token expires after `expiresIn` seconds; the refresh "
    "token is for POST /user/refresh.",
    body=Credentials,
    returns=LoginTokens,
    errors=[InvalidCredentials, TooManyAttempts],
)
def log_in(request: Request[Credentials]) -> LoginTokens:
    return accounts.log_in(request.body, request.source)


@api.post(
    "/user/refresh",
    access=Access.PUBLIC,
    summary="Exchange a refresh token for new tokens",
    description="Each refresh token can be used once. For ten seconds a repeat gets the same new "
    "refresh token; after that, a used token ends the session.",
    body=TokenRefresh,
    returns=SessionTokens,
    errors=[InvalidRefreshToken],
)
def refresh_session(request: Request[TokenRefresh]) -> SessionTokens:
    return sessions.refresh_session(request.body.refresh_token)


@api.post(
    "/user/logout",
    summary="End the session, or all sessions of the account",
    body=Logout,
    returns=Confirmation,
)
def log_out(request: Request[Logout]) -> Confirmation:
    sessions.end_session(request.caller, request.body.everywhere)
    return Confirmation(message="Logged out")


@api.get(
    "/user/profile",
    summary="Get a profile",
    query=ProfileQuery,
    returns=Profile,
    on_behalf=Scope.CUSTOMERS_READ,
    errors=[SessionEnded, auth.NotYours, ids.InvalidId, UserNotFound],
)
def get_profile(request: Request[ProfileQuery]) -> Profile:
    return accounts.get_profile(request.caller, request.query.user_id)


@api.get(
    "/users",
    scope=Scope.CUSTOMERS_READ,
    summary="Find the account of an e-mail address",
    description="Accounts are found by their whole address, in any case. None, or one.",
    query=UsersQuery,
    returns=list[Profile],
    errors=[SessionEnded],
)
def list_users(request: Request[UsersQuery]) -> list[Profile]:
    return accounts.list_users(request.caller, request.query)


@api.patch(
    "/user/profile",
    summary="Change your name or phone number",
    description="Absent fields stay as they are; a `phone` of `null` is removed.",
    body=ProfilePatch,
    returns=Profile,
    errors=[SessionEnded],
)
def update_profile(request: Request[ProfilePatch]) -> Profile:
    return accounts.update_profile(request.caller, request.body)


@api.post(
    "/user/password",
    summary="Change your password",
    description="Ends all other sessions. The same session may repeat it for five minutes.",
    body=PasswordChange,
    returns=Confirmation,
    errors=[*_CONFIRMED_BY_PASSWORD, *_NEW_PASSWORD, AccountContended],
)
def change_password(request: Request[PasswordChange]) -> Confirmation:
    return recovery.change_password(request.caller, request.body, request.source)


@api.post(
    "/user/password/forgotten",
    access=Access.PUBLIC,
    summary="Request a mail to choose a new password",
    description="The response is the same whether or not the address has an account.",
    body=PasswordResetRequest,
    returns=Confirmation,
    status=202,
    errors=[TooManyAttempts],
)
def request_password_reset(request: Request[PasswordResetRequest]) -> Confirmation:
    return recovery.request_password_reset(request.body, request.source)


@api.post(
    "/user/password/reset",
    access=Access.PUBLIC,
    summary="Choose a new password by the token of the mail",
    description="Ends all sessions and verifies the address. An account whose address was not "
    "verified before is replaced by a new one, unless the password is its own. May be repeated "
    "with the same password.",
    body=PasswordReset,
    returns=Confirmation,
    errors=[InvalidMailToken, *_NEW_PASSWORD, TooManyAttempts, AccountContended],
)
def reset_password(request: Request[PasswordReset]) -> Confirmation:
    return proofs.reset_password(request.body)


@api.post(
    "/user/email/verification",
    summary="Request another mail to verify your address",
    returns=Confirmation,
    status=202,
    errors=[SessionEnded, TooManyAttempts],
)
def request_email_verification(request: Request[None]) -> Confirmation:
    return recovery.request_email_verification(request.caller)


@api.post(
    "/user/email/verify",
    access=Access.PUBLIC,
    summary="Verify an address by the token of the mail",
    description="With the password of the registration the account is kept. With another one the "
    "address gets a new account with that password, and the one that somebody else may have opened "
    "ends. May be repeated with the same password.",
    body=EmailVerification,
    returns=Confirmation,
    errors=[InvalidMailToken, *_NEW_PASSWORD, TooManyAttempts, AccountContended],
)
def verify_email(request: Request[EmailVerification]) -> Confirmation:
    return proofs.verify_email(request.body)


@api.get(
    "/user/addresses",
    summary="List your addresses, the oldest first",
    returns=list[AddressView],
    errors=[SessionEnded],
)
def list_addresses(request: Request[None]) -> list[AddressView]:
    return addresses.list_addresses(sessions.require_session(request.caller).user_id)


@api.post(
    "/user/addresses",
    summary="Add an address",
    description="Checked by the rules of its country. At most 50.",
    body=NewAddress,
    returns=AddressView,
    status=201,
    errors=[SessionEnded, TooManyAddresses, AddressKeyReused, AddressBookContended],
    idempotency_key=True,
)
def add_address(request: Request[NewAddress]) -> AddressView:
    user_id = sessions.require_session(request.caller).user_id
    return addresses.add_address(user_id, request.body, request.idempotency_key)


@api.patch(
    "/user/addresses/{address_id}",
    summary="Change an address, or make it a default",
    description="Absent fields stay as they are; the address is checked as a whole.",
    body=AddressPatch,
    returns=AddressView,
    errors=[SessionEnded, AddressNotFound, AddressBookContended],
)
def change_address(request: Request[AddressPatch], address_id: str) -> AddressView:
    user_id = sessions.require_session(request.caller).user_id
    return addresses.change_address(user_id, address_id, request.body)


@api.delete(
    "/user/addresses/{address_id}",
    summary="Remove an address",
    description="Orders keep their copies.",
    returns=AddressDeleted,
    errors=[SessionEnded, AddressBookContended],
)
def remove_address(request: Request[None], address_id: str) -> AddressDeleted:
    user_id = sessions.require_session(request.caller).user_id
    return addresses.remove_address(user_id, address_id)


@api.get(
    "/user/export",
    summary="Export what is stored about you",
    description="`elsewhere` lists the routes that return what other services store, for the same "
    "access token.",
    returns=AccountExport,
    errors=[SessionEnded],
)
def export_account(request: Request[None]) -> AccountExport:
    return accounts.export_account(request.caller)


@api.delete(
    "/user",
    summary="Delete your account",
    description="Your orders stay, without your personal data, as the law requires.",
    body=AccountDeletion,
    returns=Confirmation,
    errors=_CONFIRMED_BY_PASSWORD,
)
def delete_account(request: Request[AccountDeletion]) -> Confirmation:
    return accounts.delete_account(request.caller, request.body, request.source)


@api.get(
    "/user/.well-known/jwks.json",
    access=Access.PUBLIC,
    summary="Get the public keys of the access tokens",
    description="A JSON Web Key Set (RFC 7517).",
    returns=JsonWebKeySet,
)
def get_public_keys(request: Request[None]) -> JsonWebKeySet:
    return convert(auth.published_keys(), JsonWebKeySet)


@api.function("grant-role", takes=GrantRole, returns=UserRole)
def grant_role(grant: GrantRole) -> UserRole:
    """Give a user a role. IAM decides who may invoke this.

    The role `customer` takes the others away.
    """
    return users.grant_role(grant)


@api.function("rotate-signing-key", takes=RotateSigningKey, returns=KeyRotation)
def rotate_signing_key(request: RotateSigningKey) -> KeyRotation:
    """Sign with a new key. Invoked by the schedule in merge.json, or by an operator."""
    return tokens.rotate_signing_key(revoke_old=request.revoke_old)


@app.on_sqs_message(queue="user-mail-queue", batch_size=5, name="on-user-mail")
def on_user_mail(event: SQSEvent) -> None:
    """Send the requested mails."""
    queues.consume(event, lambda message: mails.send_mail(step_input.parse(MailRequest, message)))


@app.on_sqs_message(queue="mail-event-queue", batch_size=10, name="on-mail-event")
def on_mail_event(event: SQSEvent) -> None:
    """End mails to addresses that bounced, or whose owner complained."""
    queues.consume(
        event,
        lambda message: suppressions.suppress_recipients(step_input.parse(MailEvent, message)),
    )


@app.on_sqs_message(queue="account-deletion-queue", batch_size=1, name="on-account-deletion")
def on_account_deletion(event: SQSEvent) -> None:
    """Announce deleted accounts to the other services when their tokens have expired."""
    queues.consume(
        event, lambda message: deletion.finish_erasure(step_input.parse(AccountErasure, message))
    )
