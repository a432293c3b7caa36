"""Hooks with which later apps take part in this app's transactions. They register in ``AppConfig.ready``."""

from collections.abc import Callable

from .models import User


class Hook:
    """Steps of a transaction. Each is called with the user and must be idempotent."""

    def __init__(self) -> None:
        self._steps: list[Callable[[User], None]] = []

    def register(self, step: Callable[[User], None]) -> None:
        self._steps.append(step)

    def run(self, user: User) -> None:
        for step in self._steps:
            step(user)


signed_up = Hook()  # after an account was created
account_removed = Hook()  # afterwards, with the user as they were
moving = Hook()  # before the home city changes
