"""Base classes and mixins for model admins."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.admin import helpers
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property

from ..db.keys import CityKey
from ..web.fields import NumberField
from ..web.redirects import safe_next
from .links import changelist_url

MAX_COUNTED_ROWS = 10_000
MAX_SEARCH_LENGTH, MAX_SEARCH_WORDS = 200, 8  # each word is matched against each column


class CappedPaginator(Paginator):
    """Count only as far as anyone pages, so that a huge table costs no more than a large one."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[:MAX_COUNTED_ROWS].count()


@dataclass(frozen=True)
class ActButton:
    """A button that asks for an action on one object, on a page other than its list."""

    url: str  # of the list, which performs actions
    action: str
    label: str
    obj: Model
    next_url: str
    checkbox_name = helpers.ACTION_CHECKBOX_NAME

    @property
    def key(self) -> str:
        return str(self.obj.pk)


class ActionButtonsMixin:
    """Show ``buttons``, a list of action names, on an object's page. Each leads to the action's confirmation."""

    buttons: list[str] = []
    change_form_template = "admin/change_form_with_buttons.html"

    def buttons_for(self, request: HttpRequest, obj: Model) -> list[str]:
        """Return the actions that make sense for an object."""
        return self.buttons

    def act_buttons(self, request: HttpRequest, obj: Model, *, next_url: str = "") -> list[ActButton]:
        """Return the buttons that the person may press, after which they are back at ``next_url``."""
        actions = self.get_actions(request)
        names = [name for name in self.buttons_for(request, obj) if name in actions]
        return [ActButton(changelist_url(self.opts), name, actions[name][2], obj, next_url) for name in names]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, obj=None, **kwargs: Any):
        if obj is not None:
            context["act_buttons"] = self.act_buttons(request, obj, next_url=request.path)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)


class KeySearchMixin:
    """Let the search box accept a row's key: its id, or the whole key as the admin shows it.

    ``key_lookups`` are the columns that hold such ids.
    """

    key_lookups = ["id"]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str):
        term = " ".join(search_term[:MAX_SEARCH_LENGTH].split()[:MAX_SEARCH_WORDS])
        found = self._with_key(queryset, term)
        return super().get_search_results(request, queryset, term) if found is None else (found, False)

    def _with_key(self, queryset: QuerySet, term: str) -> QuerySet | None:
        city, _colon, id_ = term.rpartition(":")
        if city and not isinstance(queryset.model._meta.pk, CityKey):
            return None
        keys = Q()
        for lookup in self.key_lookups:
            field = queryset.model._meta.get_field(lookup)
            with suppress(ValidationError):
                keys |= Q(**{lookup: field.to_python(id_)})
        if not keys:
            return None
        found = queryset.filter(keys, **({"city": city} if city else {}))
        # The number may also be a word to search for.
        return found if not id_.isdecimal() or found.exists() else None


class ListedLookupsMixin:
    """Allow only the lookups that the list offers as filters.

    Django accepts a lookup on any column of the model, which would reveal hidden values one character at a time:
    ``?lock_code__startswith=1``.
    """

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup in set(self._listed_lookups(request))

    def _listed_lookups(self, request: HttpRequest) -> Iterator[str]:
        if self.date_hierarchy:
            yield from (f"{self.date_hierarchy}__{part}" for part in ("year", "month", "day"))
        for item in self.get_list_filter(request):
            if isinstance(item, str):
                yield from (item, f"{item}__exact", f"{item}__isnull")
            else:
                yield item.parameter_name


class ConfirmedActionsMixin:
    """Offer what can't be undone last, and return after an action to the page on which it was chosen.

    Actions that lead to a page of their own, such as a job's, end there.
    """

    final_actions = ["delete_selected"]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        last = {name: actions.pop(name) for name in self.final_actions if name in actions}
        return actions | last

    def response_action(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        response = super().response_action(request, queryset)
        is_done = isinstance(response, HttpResponseRedirect) and response.url == request.get_full_path()
        target = safe_next(request) if is_done else ""
        return HttpResponseRedirect(target) if target else response


class MovrAdmin(ConfirmedActionsMixin, ListedLookupsMixin, KeySearchMixin, admin.ModelAdmin):
    """The base class of MovR's model admins."""

    formfield_overrides = {models.FloatField: {"form_class": NumberField}}


class ReadOnlyAdmin(MovrAdmin):
    """For models that only services write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
