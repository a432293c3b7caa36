"""A person's data: exported on request, and erased with the account.

Each app registers its part in ``AppConfig.ready``, so that exports and removals include apps added later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from throttling.services import forget

from .api_access.models import ApiToken, KeptAnswer
from .models import Passkey, PasskeyChallenge, User
from .two_factor.services import remove_devices

KEYS_AT_ONCE = 500
KINDS_BY_NAME = ("reset-to", "confirm-to")
KINDS_BY_ID = ("change-email", "password", "passkey")


@dataclass(frozen=True)
class PersonalData:
    """One kind of personal data.

    ``export`` returns what the download contains under ``name``, ready for JSON. ``erase`` is part of the transaction
    that removes the account, and runs while the user's row is locked, before it is emptied. ``lock`` locks what comes
    before that row in the lock order. ``files`` are further files of the download, by name.
    """

    name: str
    export: Callable[[User], Any]
    erase: Callable[[User], Any]
    lock: Callable[[User], Any] | None = None
    files: Mapping[str, Callable[[User], bytes]] = field(default_factory=dict)


_kinds: dict[str, PersonalData] = {}


def register(kind: PersonalData) -> None:
    _kinds[kind.name] = kind


def kinds() -> list[PersonalData]:
    return list(_kinds.values())


def export_all(user: User) -> dict[str, Any]:
    """Return all data about a person, for ``json.dumps`` with Django's encoder."""
    return {kind.name: kind.export(user) for kind in kinds()}


def lock_all(user: User) -> None:
    """Lock what comes before the user's row in the lock order. Part of a transaction."""
    for kind in _kinds.values():
        if kind.lock:
            kind.lock(user)


def erase_all(user: User) -> None:
    """Erase everything but the user's own row, which is locked. Part of a transaction."""
    for kind in _kinds.values():
        kind.erase(user)


def _export_account(user: User) -> dict[str, Any]:
    secret = {"password", "session_epoch", "proof_epoch"}
    return {
        field.name: field.value_from_object(user) for field in user._meta.concrete_fields if field.name not in secret
    }


def _names(user: User) -> list[str]:
    return [name for name in (user.username, user.email) if name]


def _log_ins(user: User) -> list[Any]:
    """Return failed log-ins with the person's names, from axes' tables."""
    names = Q(username__in=_names(user))
    return [model.objects.filter(names) for model in (AccessAttempt, AccessFailureLog, AccessLog)]


def forget_log_ins(user: User) -> None:
    for rows in _log_ins(user):
        rows.delete()


def _export_log_ins(user: User) -> list[dict[str, Any]]:
    fields = ("username", "ip_address", "user_agent", "path_info", "attempt_time")
    return [row for rows in _log_ins(user) for row in rows.values(*fields)]


def _staff_log(user: User):
    """Return staff's changes to the account in the admin."""
    return LogEntry.objects.filter(
        content_type__app_label="accounts", content_type__model="user", object_id=str(user.pk)
    )


def forget_words_in_staff_log(rows: QuerySet[Any]) -> None:
    """Erase what the admin's log says about rows: their string representations and the changes.

    Part of a transaction. Call it while the rows still belong to the person.
    """
    log = LogEntry.objects.filter(
        content_type__app_label=rows.model._meta.app_label, content_type__model=rows.model._meta.model_name
    )
    keys = [str(row.pk) for row in rows.order_by().only("pk")]
    for start in range(0, len(keys), KEYS_AT_ONCE):
        log.filter(object_id__in=keys[start : start + KEYS_AT_ONCE]).update(object_repr="", change_message="")


def _export_staff_log(user: User) -> list[dict[str, Any]]:
    return [
        {"time": entry.action_time, "what": entry.get_change_message()}
        for entry in _staff_log(user).order_by("action_time")
    ]


def _devices(user: User) -> list[Any]:
    return [*TOTPDevice.objects.filter(user_id=user.id), *StaticDevice.objects.filter(user_id=user.id)]


def _export_devices(user: User) -> list[dict[str, Any]]:
    return [{"name": device.name} for device in _devices(user)]


def _erase_devices(user: User) -> None:
    # In this order, as new recovery codes are created while the app's device is locked.
    remove_devices(user.id)
    for device in _devices(user):
        device.delete()


def _erase_throttles(user: User) -> None:
    for kind in KINDS_BY_NAME:
        forget(kind, *_names(user))
    for kind in KINDS_BY_ID:
        forget(kind, str(user.id))
    forget("confirm", f"{user.email} {user.id}")


def _export_tokens(user: User) -> list[dict[str, Any]]:
    fields = ("name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    return list(ApiToken.objects.filter(user_id=user.id).order_by("created_at").values(*fields))


def _erase_tokens(user: User) -> None:
    tokens = ApiToken.objects.filter(user_id=user.id)
    forget_words_in_staff_log(tokens)
    tokens.delete()
    KeptAnswer.objects.filter(owner_id=user.id).delete()


def _export_passkeys(user: User) -> list[dict[str, Any]]:
    return list(user.passkeys.order_by("created_at").values("name", "created_at", "last_used_at"))


def _erase_passkeys(user: User) -> None:
    Passkey.objects.filter(city=user.city, user_id=user.id).delete()
    PasskeyChallenge.objects.filter(user_id=user.id).delete()


register(PersonalData("account", _export_account, _erase_throttles))
register(PersonalData("failed log-ins", _export_log_ins, forget_log_ins))
register(
    PersonalData(
        "staff's changes to the account",
        _export_staff_log,
        lambda user: _staff_log(user).update(object_repr="", change_message=""),
    )
)
register(PersonalData("second factors", _export_devices, _erase_devices))
register(PersonalData("passkeys", _export_passkeys, _erase_passkeys))
register(PersonalData("API tokens", _export_tokens, _erase_tokens))
