"""The admin in the background: a model admin serves a job as if its person had sent a request."""

import uuid
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.messages import DEFAULT_TAGS
from django.db.models import Model
from django.http import HttpRequest, QueryDict

from accounts.refusals import account_changed

from ..errors import Refused


class StaffRefused(Refused):
    """Codes: ``account_changed``, ``form_outdated``."""


class JobMessages:
    """Collects what ``django.contrib.messages`` would show on the next page, for the job's page."""

    def __init__(self) -> None:
        self.collected: list[dict[str, str]] = []

    def add(self, level: int, message: Any, extra_tags: str = "") -> None:
        self.collected.append({"tag": DEFAULT_TAGS[level], "text": str(message)})


class JobRequest(HttpRequest):
    """A request without a browser. ``job`` is the context of the job that makes it."""

    def __init__(self, job: Any, *, query: str = "", form: str = "") -> None:
        super().__init__()
        self.job = job
        self.user = job.user
        self.method = "POST" if form else "GET"
        self.GET = QueryDict(query)
        self.POST = QueryDict(form)
        self._messages = JobMessages()

    @property
    def messages(self) -> list[dict[str, str]]:
        return self._messages.collected


def job_of(request: HttpRequest) -> Any:
    """Return the context of the job that makes a request, or None for a browser's."""
    return getattr(request, "job", None)


def item_id(request: HttpRequest, row: Model) -> uuid.UUID:
    """Return the ID of what an action adds for a row: the same if a job runs again, and else a new one."""
    job = job_of(request)
    return job.item_id(row.pk) if job else uuid.uuid4()


def model_admin_of(label: str) -> Any:
    """Return the model admin of a model, as in ``"rides.ride"``."""
    return admin.site.get_model_admin(apps.get_model(label))


def check_staff(request: JobRequest, *, allowed: bool) -> None:
    """Raise ``StaffRefused`` (``account_changed``) unless the person is still staff and ``allowed`` to."""
    if not (request.user.is_active and request.user.is_staff and allowed):
        raise account_changed(StaffRefused)
