from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from movr_project.db.retry import retry_read

from .models import User


class UsernameOrEmailBackend(ModelBackend):
    """Log in with the username or the e-mail address, in any case."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if not username or password is None:
            return None
        user = User.objects.identified_by(username).first()
        if user is None:
            User().set_password(password)  # takes as long as a known name would
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None

    @retry_read
    def get_user(self, user_id: Any) -> User | None:
        """The logged-in person: the first statement of nearly every request."""
        return super().get_user(user_id)
