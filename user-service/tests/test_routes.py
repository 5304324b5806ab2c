import json

import pytest
from chalice.cli.factory import CLIFactory

PUBLIC = {
    ("POST", "/user/register"),
    ("POST", "/user/login"),
    ("POST", "/user/refresh"),
    ("POST", "/user/password/forgotten"),
    ("POST", "/user/password/reset"),
    ("POST", "/user/email/verify"),
    ("GET", "/user/.well-known/jwks.json"),
}
FUNCTIONS = {
    "api_handler",
    "authorizer",
    "grant-role",
    "on-account-deletion",
    "on-user-mail",
    "rotate-signing-key",
}


def routes(api):
    return {
        (method, path): entry
        for path, methods in api.app.routes.items()
        for method, entry in methods.items()
        if method != "HEAD"  # as GET
    }


def test_only_the_listed_routes_are_public(api):
    assert {route for route, entry in routes(api).items() if entry.authorizer is None} == PUBLIC


def test_every_other_route_has_the_authorizer_of_the_shop(api):
    assert {
        entry.authorizer.name for route, entry in routes(api).items() if route not in PUBLIC
    } == {"authorizer"}


@pytest.mark.parametrize("stage", ["local", "dev", "prod"])
def test_only_the_api_and_the_rotation_may_read_the_signing_keys(service, stage):
    may_read = {name for name in FUNCTIONS if "signing-keys" in policy(service, stage, name)}

    assert may_read == {"api_handler", "rotate-signing-key"}


def policy(service, stage, function):
    config = (
        CLIFactory(str(service))
        .create_config_obj(stage, autogen_policy=False)
        .scope(stage, function)
    )
    return json.dumps(json.loads((service / ".chalice" / config.iam_policy_file).read_text()))


def test_the_template_contains_no_secret_value(service):
    template = (service / "resources.yml").read_text()

    assert "SecretString" not in template
    assert "GenerateSecretString" not in template
