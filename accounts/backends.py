from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from movr_project.db.retry import retry_read

from .models import User


@dataclass(frozen=True)
class EarlyCheck:
    """What ``check_early`` found."""

    login: str
    username: str | None
    user_id: UUID | None
    password_hash: str | None = field(repr=False)
    password: str = field(repr=False)
    right: bool

    def is_about(self, user: User | None, password: str) -> bool:
        """Whether it still holds for a person as they are now."""
        row = (user.id, user.password) if user else (None, None)
        return row == (self.user_id, self.password_hash) and password == self.password


def _check(user: User | None, password: str) -> bool:
    if user is None:
        User().set_password(password)  # takes as long as a known name would
        return False
    return user.check_password(password)


class UsernameOrEmailBackend(ModelBackend):
    """Log in with the username or the e-mail address, in any case."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if not username or password is None:
            return None
        user = User.objects.identified_by(username).first()
        early: EarlyCheck | None = getattr(request, "early_check", None)
        right = early.right if early and early.is_about(user, password) else _check(user, password)
        return user if user and right and self.user_can_authenticate(user) else None

    @staticmethod
    @retry_read
    def check_early(request: HttpRequest, username: str, password: str) -> None:
        """Check the password before a transaction begins, and note on the request what came out.

        Hashing is slow by intent. Within a log-in's transaction it would be done again at each attempt, and
        on SQLite nobody else could write meanwhile.
        """
        user = User.objects.identified_by(username).first()
        right = _check(user, password)
        request.early_check = EarlyCheck(
            login=username,
            username=user.username if user else None,
            user_id=user.id if user else None,
            password_hash=user.password if user else None,
            password=password,
            right=right,
        )

    @retry_read
    def get_user(self, user_id: Any) -> User | None:
        """The logged-in person: the first statement of nearly every request."""
        return super().get_user(user_id)
