"""How a rider opens a vehicle's lock: a seam for locks that are opened over the air (decision 0027)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string

from movr_project.errors import Refused

if TYPE_CHECKING:
    from .models import Ride


class LockRefused(Refused):
    """The lock did not open. ``lock_unreachable``, or the backend's own codes."""


@dataclass(frozen=True)
class Instructions:
    """What the rider reads: a code to type at the lock, a sentence, or both."""

    code: str = ""
    text: str = ""


class Lock(Protocol):
    """What LOCK_BACKEND names: a class without arguments. It may be asked on every page that shows a ride."""

    def unlock_instructions(self, ride: "Ride") -> Instructions | None:
        """For an open ride; None where there is nothing to open. No network, no statement."""


@runtime_checkable
class RemoteLock(Lock, Protocol):
    """A lock that opens on a command. The ride then has a button, and its address takes a POST."""

    def unlock(self, ride: "Ride") -> None:
        """Open it, outside any transaction; opening an open lock changes nothing. Raises ``LockRefused``."""


class CodeLock:
    """A lock with a fixed code, which stands on the vehicle."""

    def unlock_instructions(self, ride: "Ride") -> Instructions | None:
        return Instructions(code=ride.vehicle.lock_code) if ride.vehicle.lock_code else None


def lock() -> Lock:
    backend: Callable[[], Lock] = import_string(settings.LOCK_BACKEND)
    return backend()


def opens_by_command() -> bool:
    return isinstance(lock(), RemoteLock)
