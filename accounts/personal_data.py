"""What MovR knows of a person: handed out on request, and erased with the account.

Each app registers its part from ``AppConfig.ready``, so that neither the download nor the removal of an
account forgets an app that came later.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.db.models import Q
from django_otp import devices_for_user

from .models import Throttle, User
from .throttling import throttle_key

KINDS_BY_NAME = ("reset", "confirm")
KINDS_BY_ID = ("change-email", "password", "report")


@dataclass(frozen=True)
class PersonalData:
    """One kind of data about a person.

    ``export`` returns what the download shows under ``name``, ready for JSON. ``erase`` is part of the
    transaction that removes the account, and runs before the account's own row is emptied.
    """

    name: str
    export: Callable[[User], Any]
    erase: Callable[[User], Any]


_kinds: dict[str, PersonalData] = {}


def register(kind: PersonalData) -> None:
    _kinds[kind.name] = kind


def export_all(user: User) -> dict[str, Any]:
    """Everything about a person, for ``json.dumps`` with Django's encoder."""
    return {name: kind.export(user) for name, kind in _kinds.items()}


def erase_all(user: User) -> None:
    """Erase everything but the account's own row. Part of a transaction."""
    for kind in _kinds.values():
        kind.erase(user)


def _export_account(user: User) -> dict[str, Any]:
    secret = {"password", "session_epoch"}
    return {
        field.name: field.value_from_object(user) for field in user._meta.concrete_fields if field.name not in secret
    }


def _acceptances(user: User):
    return user.terms_acceptances.order_by("version")


def _names(user: User) -> list[str]:
    return [name for name in (user.username, user.email) if name]


def _log_ins(user: User) -> list[Any]:
    """Failed log-ins under the person's names, in axes' tables."""
    names = Q(username__in=_names(user))
    return [model.objects.filter(names) for model in (AccessAttempt, AccessFailureLog, AccessLog)]


def forget_log_ins(user: User) -> None:
    for rows in _log_ins(user):
        rows.delete()


def _export_log_ins(user: User) -> list[dict[str, Any]]:
    fields = ("username", "ip_address", "user_agent", "path_info", "attempt_time")
    return [row for rows in _log_ins(user) for row in rows.values(*fields)]


def _staff_log(user: User):
    """What staff did to the account in the admin."""
    return LogEntry.objects.filter(
        content_type__app_label="accounts", content_type__model="user", object_id=str(user.pk)
    )


def _export_staff_log(user: User) -> list[dict[str, Any]]:
    return [
        {"time": entry.action_time, "what": entry.get_change_message()}
        for entry in _staff_log(user).order_by("action_time")
    ]


def _export_devices(user: User) -> list[dict[str, Any]]:
    return [{"name": device.name} for device in devices_for_user(user, confirmed=None)]


def _erase_devices(user: User) -> None:
    for device in list(devices_for_user(user, confirmed=None)):
        device.delete()


def _erase_throttles(user: User) -> None:
    keys = [throttle_key(kind, name) for kind in KINDS_BY_NAME for name in _names(user)]
    keys += [throttle_key(kind, str(user.id)) for kind in KINDS_BY_ID]
    Throttle.objects.filter(key__in=keys).delete()


def _export_notices(user: User) -> list[dict[str, Any]]:
    return list(user.notices.order_by("created_at").values("code", "text", "url", "created_at", "read_at"))


register(PersonalData("account", _export_account, _erase_throttles))
register(
    PersonalData(
        "terms accepted",
        lambda user: list(_acceptances(user).values("version", "accepted_at")),
        lambda user: _acceptances(user).delete(),
    )
)
register(PersonalData("failed log-ins", _export_log_ins, forget_log_ins))
register(
    PersonalData(
        "staff's changes to the account",
        _export_staff_log,
        lambda user: _staff_log(user).update(object_repr="", change_message=""),
    )
)
register(PersonalData("second factors", _export_devices, _erase_devices))
register(PersonalData("notices", _export_notices, lambda user: user.notices.all().delete()))
