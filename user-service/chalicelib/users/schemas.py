"""Field types of bodies, and input and result of grant-role."""

from typing import Annotated

from msgspec import Meta

from common import text
from common.roles import Role
from common.schemas import Schema

# Longer than any password, so that its exact length does not decide about the response.
NonEmptyStr = Annotated[str, Meta(min_length=1, max_length=1024)]
# No longer text is an address, or fits into a key of DynamoDB.
EmailStr = Annotated[str, Meta(min_length=1, max_length=320)]

_MAX_NAME_LENGTH = 256


class GrantRole(Schema):
    """The role, the user by id or by address, and who claims to grant it."""

    role: Role
    user_id: str | None = None
    email: EmailStr | None = None
    granted_by: str | None = None

    def __post_init__(self) -> None:
        if (self.user_id is None) == (self.email is None):
            raise ValueError("expected either userId or email")
        if self.email is not None:
            self.email = text.trim(self.email)
        if self.granted_by is not None:
            self.granted_by = text.parse_line("grantedBy", self.granted_by, _MAX_NAME_LENGTH)


class UserRole(Schema):
    """The user and their role."""

    user_id: str
    email: str
    role: str
