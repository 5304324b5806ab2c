"""Look up users, and grant roles."""

from chalicelib.users.errors import UserNotFound
from chalicelib.users.models import User
from chalicelib.users.schemas import GrantRole, UserRole
from common import ids, log


def get_user(user_id: str) -> User:
    """Read the user with this id. Raises: UserNotFound."""
    user = User.find(user_id)
    if user is None:
        raise UserNotFound("User not found")
    return user


def grant_role(grant: GrantRole) -> UserRole:
    """Set the role of a user. Idempotent.

    Raises: UserNotFound.
    Undone by granting the other role. Tokens show it from the next login or refresh on: those
    issued before keep their role until they expire.
    """
    user = _get_grantee(grant)
    previous_role = user.role
    if not user.update_existing(User.role.set(grant.role)):
        raise UserNotFound("User not found")
    log.logger.info(
        "role granted",
        extra={
            "grantedBy": grant.granted_by or "unsaid",
            "userId": user.user_id,
            "before": previous_role,
            "role": grant.role,
        },
    )
    return UserRole(user_id=user.user_id, email=user.email, role=grant.role)


def _get_grantee(grant: GrantRole) -> User:
    if grant.email is None:
        return get_user(ids.parse("USER", str(grant.user_id)))
    user = User.find_by_email(grant.email)
    if user is None:
        raise UserNotFound("User not found")
    return user
