"""Export and erase acceptances of the terms. See ``accounts.personal_data``."""

from typing import Any

from accounts.models import User
from accounts.personal_data import PersonalData, register


def export(user: User) -> list[dict[str, Any]]:
    return list(user.terms_acceptances.order_by("version").values("version", "accepted_at"))


def erase(user: User) -> None:
    user.terms_acceptances.all().delete()


register(PersonalData("terms accepted", export, erase))
