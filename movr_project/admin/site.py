"""The admin site. It accepts city-keyed models and retries its transactions."""

import re
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.exceptions import AlreadyRegistered
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, FieldDoesNotExist, FieldError, ValidationError
from django.db import DataError, IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import AdminLogInForm
from accounts.log_in import log_in_view
from accounts.two_factor import services as second_factor

from ..db.keys import CityKey
from ..errors import Refused
from ..web.redirects import safe_next
from ..web.retry_view import retry_view

# What Django's admin views raise for a malformed URL or key.
MALFORMED_INPUT = (ValidationError, OverflowError, FieldDoesNotExist, FieldError, DataError)
MALFORMED_VALUE = re.compile(r"\bNUL\b|null (byte|character)|expected a (number|string)")


class MovrAdminSite(admin.AdminSite):
    site_header = gettext_lazy("MovR admin")
    site_title = gettext_lazy("MovR admin")
    login_form = AdminLogInForm
    index_title = gettext_lazy("Fleet, rides and people")

    def register(self, model_or_iterable, admin_class=None, **options):
        """Register models with a ``CityKey`` too: Django rejects composite keys, but this one travels as a string."""
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
        except AttributeError as error:  # not a forward relation, which Django doesn't handle
            raise BadRequest(str(error)) from error

    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None):
        if request.method == "GET" and self._awaits_second_factor(request):
            return _to_second_factor(safe_next(request))
        response = log_in_view(super().login)(request, extra_context)
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            request.session.set_expiry(0)  # end the session when the browser closes
        return response

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None):
        if second_factor.is_verified(request.user):
            second_factor.end_proofs(user=request.user)
        return super().logout(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None):
        """Redirect to the site's own page, which also asks for a code and is throttled."""
        return HttpResponseRedirect(reverse("accounts:password_change"))

    def _awaits_second_factor(self, request: HttpRequest) -> bool:
        """Return whether the user is a staff member who lacks only the second factor."""
        return super().has_permission(request) and second_factor.is_missing(request)


def _to_second_factor(target: str) -> HttpResponse:
    url = reverse("accounts:second_factor")
    return HttpResponseRedirect(f"{url}?{urlencode({'next': target})}" if target else url)


def _retried(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Run an admin view under the retry. Turn refusals into messages and malformed input into a 400.

    List actions are not wrapped: they call services, each in a transaction of its own. Django's own delete action
    is the exception.
    """
    retried = retry_view(view)

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if _has_null_byte(request):
            raise BadRequest("A null byte.")  # PostgreSQL rejects it with an error
        is_list = getattr(view, "__name__", "") == "changelist_view"
        calls_services = is_list and "delete_selected" not in request.POST.getlist("action")
        try:
            return (view if calls_services else retried)(request, *args, **kwargs)
        except Refused as refused:
            messages.error(request, str(refused))
        except IntegrityError:
            messages.error(request, _("Someone else just changed this, or it is still in use."))
        except MALFORMED_INPUT as error:
            raise BadRequest(str(error)) from error
        except ValueError as error:
            if MALFORMED_VALUE.search(str(error)):
                raise BadRequest(str(error)) from error
            raise
        return HttpResponseRedirect(request.get_full_path())

    return wrapper


def _has_null_byte(request: HttpRequest) -> bool:
    """Return whether the URL or a selected key contains a null byte. Form fields reject it themselves."""
    values = [value for _name, given in request.GET.lists() for value in given]
    return "\0" in "".join([*values, *request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)])
