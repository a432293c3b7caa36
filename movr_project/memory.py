"""Small tables that every page reads, kept in memory: looking at them costs no query."""

import time
from typing import Generic, TypeVar

from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete, post_save

from .db.retry import retry_read

KEPT_FOR_SECONDS = 60  # after which another process's change is seen

T = TypeVar("T")


class InMemory(Generic[T]):
    """What ``load`` reads. Read again after a change to a row of the model, and every minute."""

    _kept: T

    def __init__(self, model: type[Model]) -> None:
        self.clear()
        for signal in (post_save, post_delete):
            signal.connect(self._changed, sender=model)

    def load(self) -> T:
        raise NotImplementedError

    def clear(self) -> None:
        """Read again at the next look. What is known stays: another thread may be looking at it."""
        self._loaded_at = float("-inf")

    @property
    def kept(self) -> T:
        if time.monotonic() - self._loaded_at > KEPT_FOR_SECONDS:
            self._kept = retry_read(self.load)()
            self._loaded_at = time.monotonic()
        return self._kept

    def _changed(self, using: str, **kwargs) -> None:
        self.clear()
        # Until then, other threads read the old rows back in.
        transaction.on_commit(self.clear, using=using)
