"""Export and erase a person's problem reports. See ``accounts.personal_data``."""

from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from accounts.personal_data import PersonalData, forget_words_in_staff_log, register
from throttling.services import forget

from .models import ProblemReport


def export(user: User) -> list[dict[str, Any]]:
    fields = ("city", "vehicle__code", "kind", "text", "created_at", "closed_at", "resolution")
    return list(_reports(user).order_by("created_at").values(*fields))


def erase(user: User) -> None:
    forget_words_in_staff_log(_reports(user))
    _reports(user).update(reporter_id=None, text="")
    forget("report", str(user.id))


def _reports(user: User) -> QuerySet[ProblemReport]:
    return ProblemReport.objects.filter(reporter_city=user.city, reporter_id=user.id)


register(PersonalData("problem reports", export, erase))
