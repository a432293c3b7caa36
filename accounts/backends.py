from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from movr_project.db.prepared import Prepared
from movr_project.db.retry import retry_read

from .models import User
from .passwords import hash_password, nfc

_by_id = Prepared(lambda _shape, **key: User.objects.filter(**key))


@dataclass(frozen=True)
class EarlyCheck:
    """The result of ``check_early``."""

    login: str
    username: str | None
    user_id: UUID | None
    password_hash: str | None = field(repr=False)
    password: str = field(repr=False)
    right: bool
    decomposed: bool = False  # the stored hash is of the decomposed form: see accounts.passwords

    def is_about(self, user: User | None, password: str) -> bool:
        """Return whether the result still applies to the user's current row."""
        row = (user.id, user.password) if user else (None, None)
        return row == (self.user_id, self.password_hash) and password == self.password


def _check(user: User | None, password: str) -> bool:
    if user is None:
        User().set_password(password)  # takes as long as for an existing user
        return False
    return user.check_password(password)


class UsernameOrEmailBackend(ModelBackend):
    """Log in with the username or the e-mail address, ignoring case."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if not username or password is None:
            return None
        password = nfc(password)
        user = User.objects.identified_by(username).first()
        early: EarlyCheck | None = getattr(request, "early_check", None)
        known = early if early and early.is_about(user, password) else None
        right = known.right if known else _check(user, password)
        if not (user and right and self.user_can_authenticate(user)):
            return None
        if known.decomposed if known else user.has_decomposed(password):
            user.password = hash_password(password)  # in the current format
            user.save(update_fields=["password"])
        return user

    @staticmethod
    @retry_read
    def check_early(request: HttpRequest, username: str, password: str) -> None:
        """Check the password before a transaction begins, and keep the result on the request.

        Hashing is slow by design. Inside the log-in's transaction it would be repeated for each attempt and, on SQLite,
        block all other writers.
        """
        password = nfc(password)
        user = User.objects.identified_by(username).first()
        right = _check(user, password)
        request.early_check = EarlyCheck(
            login=username,
            username=user.username if user else None,
            user_id=user.id if user else None,
            password_hash=user.password if user else None,
            password=password,
            right=right,
            decomposed=bool(user and right and user.has_decomposed(password)),
        )

    @retry_read
    def get_user(self, user_id: Any) -> User | None:
        """Return the logged-in user. The first query of nearly every request."""
        user = next(iter(_by_id.objects(None, {"id": user_id})), None)
        return user if self.user_can_authenticate(user) else None
