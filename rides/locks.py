"""How a rider opens a vehicle's lock: an interface for remotely operated locks (decision 0023)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string

from movr_project.errors import Refused

if TYPE_CHECKING:
    from .models import Ride


class LockRefused(Refused):
    """The lock did not open. Its codes are those of LOCK_BACKEND."""


@dataclass(frozen=True)
class Instructions:
    """What to show to the rider: a code to enter on the lock, a sentence, or both."""

    code: str = ""
    text: str = ""


class Lock(Protocol):
    """The interface of LOCK_BACKEND, a class without arguments. It is called on every page that shows a ride."""

    def unlock_instructions(self, ride: "Ride") -> Instructions | None:
        """Return instructions for an open ride, or None. Must not use the network or the database."""


@runtime_checkable
class RemoteLock(Lock, Protocol):
    """A lock that can be opened remotely. The ride's page has a button for it, and a URL that accepts POST."""

    def unlock(self, ride: "Ride") -> None:
        """Open the lock, outside any transaction. Idempotent. Raise ``LockRefused``."""


class CodeLock:
    """A lock with a fixed code that is attached to the vehicle."""

    def unlock_instructions(self, ride: "Ride") -> Instructions | None:
        return Instructions(code=ride.vehicle.lock_code) if ride.vehicle.lock_code else None


def lock() -> Lock:
    backend: Callable[[], Lock] = import_string(settings.LOCK_BACKEND)
    return backend()


def opens_by_command() -> bool:
    return isinstance(lock(), RemoteLock)
