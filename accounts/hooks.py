"""Hooks with which later apps take part in this app's transactions. They register in ``AppConfig.ready``."""

from collections.abc import Callable

from .models import User
from .querysets import UserQuerySet


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


class VisiblePeople:
    """The people whom a person sees. A later app may replace the rule by a narrower one."""

    def __init__(self) -> None:
        self._find: Callable[[User], UserQuerySet] | None = None

    def register(self, find: Callable[[User], UserQuerySet]) -> None:
        self._find = find

    def to(self, viewer: User) -> UserQuerySet:
        return self._find(viewer) if self._find else User.objects.active().shown_to(viewer)


visible_people = VisiblePeople()


class Circle:
    """People around a person, as someone sees them. Nobody, until a later app registers who they are."""

    def __init__(self) -> None:
        self._find: Callable[..., UserQuerySet] | None = None

    def register(self, find: Callable[..., UserQuerySet]) -> None:
        self._find = find

    def of(self, person: User, *, seen_by: User) -> UserQuerySet:
        return self._find(person, seen_by=seen_by) if self._find else User.objects.none()


followers = Circle()
followed = Circle()
