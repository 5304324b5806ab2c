"""Every way into the user service."""

from typing import Any

from msgspec import to_builtins

from chalicelib.accounts.schemas import (
    AccountDeletion,
    AccountErasure,
    Confirmation,
    Credentials,
    EmailVerification,
    PasswordChange,
    PasswordReset,
    PasswordResetRequest,
    ProfilePatch,
    ProfileQuery,
    Registration,
)
from chalicelib.mails.schemas import MailRequest
from chalicelib.sessions.schemas import Logout, TokenRefresh
from chalicelib.tokens.schemas import RotateSigningKey
from chalicelib.users.schemas import GrantRole
from common import auth, http, lazy_imports, queues, step_input

with lazy_imports.until_first_use():
    from chalicelib.accounts import deletion, recovery, registration
    from chalicelib.accounts import service as accounts
    from chalicelib.mails import service as mails
    from chalicelib.sessions import service as sessions
    from chalicelib.tokens import service as tokens
    from chalicelib.users import service as users

app = http.create_app("user-service")
authorizer = auth.jwt_authorizer(app)


@app.route("/user/register", methods=["POST"])
def register():
    """Open an account; public. The answer is the same where the address is taken: what came of it only the mail says."""
    wanted = http.body(app, Registration)
    return http.created(registration.register(wanted, http.idempotency_key(app), source()))


@app.route("/user/login", methods=["POST"])
def login():
    """Trade an address and its password for an access token and a refresh token; public."""
    return accounts.log_in(http.body(app, Credentials), source())


@app.route("/user/refresh", methods=["POST"])
def refresh():
    """Trade a refresh token for new tokens; public: the refresh token says who calls."""
    return sessions.refresh_session(http.body(app, TokenRefresh).refresh_token)


@app.route("/user/logout", methods=["POST"], authorizer=authorizer)
def logout():
    """End this session, or with `everywhere` all of the caller's."""
    sessions.end_session(auth.caller(app), http.body(app, Logout).everywhere)
    return Confirmation(message="Logged out")


@app.route("/user/profile", methods=["GET"], authorizer=authorizer)
def get_profile():
    """The caller's own profile; for an admin anybody's, by ?userId=."""
    wanted = http.query(app, ProfileQuery).user_id
    return accounts.get_profile(auth.caller(app), wanted)


@app.route("/user/profile", methods=["PATCH"], authorizer=authorizer)
def change_profile():
    """Change the caller's own name or phone."""
    return accounts.update_profile(auth.caller(app), http.body(app, ProfilePatch))


@app.route("/user/password", methods=["POST"], authorizer=authorizer)
def change_password():
    """Replace the caller's password; their other sessions end."""
    return recovery.change_password(auth.caller(app), http.body(app, PasswordChange), source())


@app.route("/user/password/forgotten", methods=["POST"])
def forgotten_password():
    """Ask for a mail with which to choose a new password; public."""
    return http.accepted(
        recovery.request_password_reset(http.body(app, PasswordResetRequest), source())
    )


@app.route("/user/password/reset", methods=["POST"])
def reset_password():
    """Choose a new password, by the token out of the mail; public."""
    return recovery.reset_password(http.body(app, PasswordReset))


@app.route("/user/email/verification", methods=["POST"], authorizer=authorizer)
def send_verification():
    """Ask for another mail that proves the caller's address."""
    return http.accepted(recovery.request_email_verification(auth.caller(app)))


@app.route("/user/email/verify", methods=["POST"])
def verify_email():
    """Prove an address, by the token out of the mail; public."""
    return recovery.verify_email(http.body(app, EmailVerification))


@app.route("/user/export", methods=["GET"], authorizer=authorizer)
def export():
    """All that this service keeps of the caller."""
    return accounts.export_account(auth.caller(app))


@app.route("/user", methods=["DELETE"], authorizer=authorizer)
def delete():
    """Delete the caller's account."""
    return accounts.delete_account(auth.caller(app), http.body(app, AccountDeletion), source())


@app.route("/user/.well-known/jwks.json", methods=["GET"])
def public_keys():
    """The public keys of the access tokens, as a JSON Web Key Set; public."""
    return auth.published_keys()


@app.lambda_function(name="grant-role")
def grant_role(event, context):
    """Make somebody an admin, or a customer again; only IAM says who may invoke this."""
    return to_builtins(users.grant_role(step_input.parse(GrantRole, event)))


@app.lambda_function(name="rotate-signing-key")
def rotate_signing_key(event, context):
    """Sign tokens with a new key from now on; run by the schedule in merge.json, or by hand."""
    return to_builtins(
        tokens.rotate_signing_key(revoke_old=step_input.parse(RotateSigningKey, event).revoke_old)
    )


@app.on_sqs_message(queue="user-mail-queue", batch_size=5, name="on-user-mail")
def on_user_mail(event: Any) -> None:
    """Send the mails that were asked for."""
    queues.consume(event, lambda message: mails.send_mail(step_input.parse(MailRequest, message)))


@app.on_sqs_message(queue="account-deletion-queue", batch_size=1, name="on-account-deletion")
def on_account_deletion(event: Any) -> None:
    """Tell the shop that an account was deleted, once nobody can act for it any more."""
    queues.consume(
        event, lambda message: deletion.finish_erasure(step_input.parse(AccountErasure, message))
    )


def source() -> str:
    """Where the request comes from, as API Gateway saw it; what X-Forwarded-For says anybody can write."""
    request = app.current_request
    assert request is not None, "only a route has a source"
    return str(request.context["identity"]["sourceIp"])
