"""The administration: Django's, letting city-keyed models in and writing under the retry."""

import re
import uuid
from collections.abc import Callable
from functools import partial, wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.exceptions import AlreadyRegistered
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, FieldDoesNotExist, FieldError, ValidationError
from django.core.paginator import Paginator
from django.db import DataError, IntegrityError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import second_factor
from accounts.log_in import log_in_view

from .db.keys import CityKey
from .db.requests import retry_view
from .db.retry import run_transaction
from .errors import Refused
from .redirects import safe_next

LARGEST_COUNT = 10_000
LARGEST_ACTION = 500  # a thousand composite keys are too deep an expression for SQLite
# What Django's own admin views raise at an address or a chosen key that makes no sense.
NONSENSE = (ValidationError, OverflowError, FieldDoesNotExist, FieldError, DataError)
NONSENSE_VALUE = re.compile(r"\bNUL\b|null (byte|character)|expected a (number|string)")


class MovrAdminSite(admin.AdminSite):
    site_header = gettext_lazy("MovR administration")
    site_title = gettext_lazy("MovR administration")
    index_title = gettext_lazy("Fleet, rides and people")

    def register(self, model_or_iterable, admin_class=None, **options):
        """Django refuses every composite key; a ``CityKey`` travels as one string, so it may come in."""
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        for model in models:
            if not isinstance(model._meta.pk, CityKey):
                super().register(model, admin_class, **options)
                continue
            if self.is_registered(model):
                raise AlreadyRegistered(f"The model {model.__name__} is already registered.")
            self._registry[model] = (admin_class or admin.ModelAdmin)(model, self)

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not second_factor.is_missing(request)

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False):
        inner = super().admin_view(_retried(view), cacheable)

        @wraps(inner)
        def outer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if self._awaits_second_factor(request):
                if request.path == reverse("admin:logout", current_app=self.name):
                    return _retried(view)(request, *args, **kwargs)
                return _to_second_factor(request.get_full_path())
            return inner(request, *args, **kwargs)

        return outer

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        try:
            return super().autocomplete_view(request)
        except AttributeError as error:  # asked for the other side of a relation, which Django doesn't expect
            raise BadRequest(str(error)) from error

    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None):
        if request.method == "GET" and self._awaits_second_factor(request):
            return _to_second_factor(safe_next(request))
        response = log_in_view(super().login)(request, extra_context)
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            request.session.set_expiry(0)  # nobody asked to be remembered
        return response

    def _awaits_second_factor(self, request: HttpRequest) -> bool:
        """Whether somebody is staff, by the password, and nothing but the second factor is missing."""
        return super().has_permission(request) and second_factor.is_missing(request)


def _to_second_factor(target: str) -> HttpResponse:
    url = reverse("accounts:second_factor")
    return HttpResponseRedirect(f"{url}?{urlencode({'next': target})}" if target else url)


def _retried(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """An admin view under the retry, whose refusals are messages, and to which nonsense is a bad request.

    The list's actions are left alone: they call services, each with a transaction of its own. Django's own
    action, deleting, is not one of those.
    """
    retried = retry_view(view)

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if _has_null_byte(request):
            raise BadRequest("A null byte.")  # Django would hand it to PostgreSQL, which takes none
        is_list = getattr(view, "__name__", "") == "changelist_view"
        calls_services = is_list and "delete_selected" not in request.POST.getlist("action")
        try:
            return (view if calls_services else retried)(request, *args, **kwargs)
        except Refused as refused:
            messages.error(request, str(refused))
        except IntegrityError:
            messages.error(request, _("Somebody changed the same thing just now, or it is still in use."))
        except NONSENSE as error:
            raise BadRequest(str(error)) from error
        except ValueError as error:
            if NONSENSE_VALUE.search(str(error)):
                raise BadRequest(str(error)) from error
            raise
        return HttpResponseRedirect(request.get_full_path())

    return wrapper


def _has_null_byte(request: HttpRequest) -> bool:
    """Whether one is in the address or a chosen key; a form's fields refuse it by themselves."""
    values = [value for _name, given in request.GET.lists() for value in given]
    return "\0" in "".join([*values, *request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)])


class ReadOnlyAdmin(admin.ModelAdmin):
    """For rows that only services write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CappedPaginator(Paginator):
    """Counts as far as anybody pages, so that a list of a huge table costs what that of a large one does."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:LARGEST_COUNT].count()


class ActionButtonsMixin:
    """``buttons``, names of actions, stand on the page of an object, each leading to its confirmation."""

    buttons: list[str] = []
    change_form_template = "admin/change_form_with_buttons.html"

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None):
        actions = self.get_actions(request)
        buttons = [(name, actions[name][2]) for name in self.buttons if name in actions]
        context = {"buttons": buttons, "checkbox_name": helpers.ACTION_CHECKBOX_NAME, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)


class KeySearchMixin:
    """The search box also takes a row's id, or its whole key as the admin shows it."""

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str):
        city, _colon, id_ = search_term.strip().rpartition(":")
        try:
            found = queryset.filter(id=uuid.UUID(id_))
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        return (found.filter(city=city) if city else found), False


def confirm_action(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    queryset: QuerySet,
    *,
    action: str,
    title: str,
    form: forms.Form | None = None,
) -> TemplateResponse | None:
    """The page between choosing an action and doing it.

    Its button sends the choice again, with ``confirmed``. At most ``LARGEST_ACTION`` rows are taken.
    """
    objects = chosen(request, queryset)
    if objects is None:
        return None
    return TemplateResponse(
        request,
        "admin/confirm_action.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "title": title,
            "action": action,
            "objects": objects,
            "keys": [str(obj.pk) for obj in objects],
            "form": form,
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        },
    )


def for_each(
    request: HttpRequest,
    queryset: QuerySet,
    service: Callable[[Any], Any],
    done: str,
    *,
    model_admin: admin.ModelAdmin | None = None,
    log: str = "",
) -> None:
    """Call a service on each object; tell how many were done (``done`` takes ``%(count)d``) and who refused.

    With ``model_admin``, the history of each that was done says ``log``. More than ``LARGEST_ACTION`` are not
    begun with.
    """
    count = 0
    for obj in chosen(request, queryset) or []:
        try:
            service(obj)
        except Refused as refused:
            messages.error(request, f"{obj}: {refused}")
            continue
        count += 1
        if model_admin:
            run_transaction(partial(model_admin.log_change, request, obj, log), name="log_change")
    if count:
        messages.success(request, done % {"count": count})


def chosen(request: HttpRequest, queryset: QuerySet) -> list[Model] | None:
    """The objects of an action; None, and a message, when they are too many."""
    objects = list(queryset[: LARGEST_ACTION + 1])
    if len(objects) <= LARGEST_ACTION:
        return objects
    messages.error(request, _("Please choose at most %(count)d at a time.") % {"count": LARGEST_ACTION})
    return None
