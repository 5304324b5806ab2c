"""Every way into the user service."""

from msgspec import to_builtins

from chalicelib.tokens import service as tokens
from chalicelib.tokens.schemas import RotateSigningKey
from chalicelib.users import service as users
from chalicelib.users.schemas import Credentials, GrantRole, ProfileQuery, Registration
from common import auth, http, steps

app = http.create_app("user-service")
authorizer = auth.jwt_authorizer(app)


@app.route("/user/register", methods=["POST"])
def register():
    """Open an account; public."""
    return http.created(users.register(http.body(app, Registration), http.idempotency_key(app)))


@app.route("/user/login", methods=["POST"])
def login():
    """Trade an address and its password for an access token; public."""
    return users.login(http.body(app, Credentials))


@app.route("/user/profile", methods=["GET"], authorizer=authorizer)
def get_profile():
    """The caller's own profile; for an admin anybody's, by ?userId=."""
    wanted = http.query(app, ProfileQuery).user_id
    return users.profile(auth.acting_for(auth.caller(app), wanted))


@app.lambda_function(name="grant-role")
def grant_role(event, context):
    """Make somebody an admin, or a customer again; only IAM says who may invoke this."""
    return to_builtins(users.grant_role(steps.step(GrantRole, event)))


@app.lambda_function(name="rotate-signing-key")
def rotate_signing_key(event, context):
    """Sign tokens with a new key from now on; run by the schedule in merge.json, or by hand."""
    return to_builtins(tokens.rotate(revoke_old=steps.step(RotateSigningKey, event).revoke_old))
