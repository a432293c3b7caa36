"""Delete passkeys, and tell their owner."""

from django.db.models import QuerySet
from django.urls import reverse

from movr_project.mail import send_mail

from ..models import Passkey, User


def forget_passkeys(user: User, passkeys: QuerySet[Passkey]) -> int:
    """Delete some of a person's passkeys and e-mail them about each. Part of a transaction. Return how many."""
    names = list(passkeys.order_by("created_at").values_list("name", flat=True))
    passkeys.delete()
    for name in names:
        context = {"name": name, "path": reverse("accounts:password_reset")}
        send_mail("passkey_removed", to=user.email, user=user, context=context, language=user.language)
    return len(names)
