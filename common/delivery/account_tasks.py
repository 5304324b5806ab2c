"""Call user-service's administrative Lambdas: roles and signing keys."""

from delivery import lambda_invoke
from delivery.clouds import Cloud


def grant_role(cloud: Cloud, email: str, role: str, granted_by: str, stage: str) -> str:
    """Grant a role to an account and return its user id.

    Idempotent.

    Raises: lambda_invoke.FunctionRaised when there is no such account.
    """
    event = {"email": email, "role": role, "grantedBy": granted_by}
    answer = lambda_invoke.call(cloud, f"user-service-{stage}-grant-role", event)
    return str(answer["userId"])


def rotate_keys(cloud: Cloud, stage: str, revoke_old: bool = False) -> str:
    """Rotate the key that signs access tokens and return its id.

    Not idempotent.

    Raises: lambda_invoke.FunctionRaised while another rotation runs.
    """
    event = {"revokeOld": revoke_old}
    answer = lambda_invoke.call(cloud, f"user-service-{stage}-rotate-signing-key", event)
    return str(answer["current"])
