"""Every write on accounts."""

import uuid

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.utils.translation import gettext as _

from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused

from .models import User


class AccountRefused(Refused):
    """Codes: ``username_taken``, ``email_taken``."""


def register_rider(*, city: str, first_name: str, last_name: str, email: str, username: str, password: str) -> User:
    """Open an account (rows M18, M29, B5); only a hash of the password is kept (M10).

    Raises ``AccountRefused``. Two people asking for one name at once: the unique index decides.
    """
    id_ = uuid.uuid4()
    password_hash = make_password(password)  # slow by intent, so before the transaction
    try:
        return _insert_rider(
            id_,
            city=city,
            first_name=first_name,
            last_name=last_name,
            email=email,
            username=username,
            password=password_hash,
        )
    except IntegrityError as error:
        if User.objects.filter(username=username).exists():
            raise AccountRefused(_("Please use a different username."), code="username_taken") from error
        if User.objects.filter(email=email).exists():
            raise AccountRefused(_("Please use a different e-mail address."), code="email_taken") from error
        raise


@retry_transaction(idempotent=True)
def _insert_rider(id_: uuid.UUID, **fields: str) -> User:
    user, _created = User.objects.get_or_create(id=id_, defaults=fields)
    return user
