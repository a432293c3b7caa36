"""Export and erase notifications. See ``accounts.personal_data``."""

from typing import Any

from accounts.models import User
from accounts.personal_data import PersonalData, register


def export(user: User) -> list[dict[str, Any]]:
    return list(user.notifications.order_by("created_at").values("code", "text", "url", "created_at", "read_at"))


def erase(user: User) -> None:
    user.notifications.all().delete()


register(PersonalData("notifications", export, erase))
