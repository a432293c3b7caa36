"""Export and erase jobs. See ``accounts.personal_data``."""

from typing import Any

from accounts.models import User
from accounts.personal_data import PersonalData, forget_words_in_staff_log, register


def export(user: User) -> list[dict[str, Any]]:
    fields = (
        "task",
        "arguments",
        "status",
        "created_at",
        "started_at",
        "finished_at",
        "message",
        "result",
        "file_name",
    )
    return list(user.jobs.order_by("created_at").values(*fields))


def erase(user: User) -> None:
    jobs = user.jobs.all()
    forget_words_in_staff_log(jobs)
    jobs.delete()


register(PersonalData("jobs", export, erase))
