"""An in-process cache for small tables that every page reads."""

import time
from typing import Any, Generic, TypeVar

from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete, post_save

from .retry import retry_read

MAX_AGE_SECONDS = 60  # after this, changes by other processes are visible

T = TypeVar("T")


class InMemory(Generic[T]):
    """Cache what ``load`` returns. It is loaded again after a change to a row of the model, and every minute."""

    _kept: T

    def __init__(self, model: type[Model]) -> None:
        self.clear()
        for signal in (post_save, post_delete):
            signal.connect(self._changed, sender=model)

    def load(self) -> T:
        raise NotImplementedError

    def clear(self) -> None:
        """Reload at the next access. The old value is kept, as another thread may be reading it."""
        self._loaded_at = float("-inf")

    @property
    def kept(self) -> T:
        if time.monotonic() - self._loaded_at > MAX_AGE_SECONDS:
            self.keep(retry_read(self.load)())
        return self._kept

    def keep(self, loaded: T) -> None:
        self._kept, self._loaded_at = loaded, time.monotonic()

    def _changed(self, using: str, **kwargs: Any) -> None:
        self.clear()
        # Before the commit, other threads would load the old rows again.
        transaction.on_commit(self.clear, using=using)
