"""Look up users, and grant roles."""

from chalicelib.users.errors import UserNotFound
from chalicelib.users.models import User
from chalicelib.users.schemas import GrantRole, UserRole
from common import dynamodb, ids, log


def get_user(user_id: str) -> User:
    """Read the user with this id. Raises: UserNotFound."""
    user = User.find(user_id)
    if user is None:
        raise UserNotFound("User not found")
    return user


def grant_role(grant: GrantRole) -> UserRole:
    """Set the role of a user. Idempotent.

    Another role ends their sessions.

    Raises: UserNotFound.
    Undone by granting the previous role, which restores no session. This service rejects tokens of
    the ended sessions at once; the others accept them until they expire.
    """
    user = _get_grantee(grant)
    previous_role = user.role
    _set_role(user, grant.role)
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


def _set_role(user: User, role: str) -> None:
    """Write the role and end the sessions, in one write: none outlives its role."""
    is_other = User.user_id.exists() & (User.role != role)
    actions = [User.role.set(role), User.session_epoch.add(1)]
    if not dynamodb.update_if(user, actions, is_other):
        get_user(user.user_id)  # it has the role already, or was deleted


def _get_grantee(grant: GrantRole) -> User:
    if grant.email is None:
        return get_user(ids.parse("USER", str(grant.user_id)))
    user = User.find_by_email(grant.email)
    if user is None:
        raise UserNotFound("User not found")
    return user
