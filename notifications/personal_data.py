"""Export and erase notifications and push subscriptions. See ``accounts.personal_data``."""

from typing import Any

from accounts.models import User
from accounts.personal_data import PersonalData, register


def export(user: User) -> list[dict[str, Any]]:
    return list(
        user.notifications.order_by("created_at").values("code", "text", "url", "data", "created_at", "read_at")
    )


def erase(user: User) -> None:
    user.notifications.all().delete()


def export_devices(user: User) -> list[dict[str, Any]]:
    return list(user.push_subscriptions.order_by("created_at").values("endpoint", "created_at"))


def erase_devices(user: User) -> None:
    user.push_subscriptions.all().delete()


register(PersonalData("notifications", export, erase))
register(PersonalData("browsers with notifications", export_devices, erase_devices))
