"""Tasks for tests."""

import time
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Concat
from django_tasks import task

from accounts.models import User
from movr_project.errors import Refused

PAUSE_SECONDS = 0.1


@task()
def do_nothing() -> None:
    pass


@task()
def add(a: int, b: int) -> int:
    return a + b


@task(atomic=True)
def rename(user_id: str, name: str) -> None:
    User.objects.filter(id=user_id).update(first_name=name)


@task(max_attempts=2)
def fail() -> None:
    raise RuntimeError("A secret is in this message.")


@task()
def refuse() -> None:
    raise Refused("Not today.", code="not_today")


@task(title="Counting", takes_context=True, exclusive=True)
def count(context: Any, total: int = 3) -> int:
    for number in range(total):
        context.progress(number, total, "one more")
    return total


@task(title="Writing", takes_context=True)
def write(context: Any, text: str) -> None:
    with context.result_file("text.txt", "text/plain") as file:
        file.write(text.encode())


@task(at_most_once=True)
def send() -> None:
    pass


@task(takes_context=True)
def run_until_stopped(context: Any) -> None:
    for number in range(1_000):
        context.progress(number, 1_000)
        time.sleep(0.05)


@task(takes_context=True)
def append_slowly(context: Any, user_id: str) -> None:
    """Append a letter to what a person says about themselves: an effect that shows if it happens twice."""
    for number in range(10):
        context.progress(number, 10)
        time.sleep(PAUSE_SECONDS)
    people = User.objects.filter(id=user_id)
    context.finish(lambda: people.update(about_me=Concat(F("about_me"), Value("x"))))
