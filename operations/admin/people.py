"""The user admin, with actions to suspend people."""

import uuid
from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_safe

from accounts.admin import UserAdmin
from accounts.models import User, name_of
from cities.admin_times import local_time
from movr_project.admin.actions import Confirmation, confirm_action, for_each
from movr_project.admin.exports import ExportMixin
from movr_project.admin.links import change_url
from movr_project.admin.model_admins import ActionButtonsMixin

from ..forms import SuspensionForm
from ..services.suspension import lift_suspension, release_holdings, suspend_person
from .person import sections_for

SUSPENDING = Confirmation(
    ngettext_lazy(
        "Suspend this person? They are logged out, their reservations and bookings are cancelled, and their vehicles"
        " are paused.",
        "Suspend these people? They are logged out, their reservations and bookings are cancelled, and their vehicles"
        " are paused.",
        "count",
    ),
    ngettext_lazy("Suspend %(count)d person", "Suspend %(count)d people", "count"),
    is_final=True,  # the bookings don't come back
)
LIFTING = Confirmation(
    ngettext_lazy(
        "Lift the suspension of this person? Their vehicles stay paused until they resume them.",
        "Lift the suspension of these people? Their vehicles stay paused until they resume them.",
        "count",
    ),
    ngettext_lazy("Lift %(count)d suspension", "Lift %(count)d suspensions", "count"),
)

EXPORTED = [
    "username",
    "first_name",
    "last_name",
    "email",
    "email_confirmed_at",
    "language",
    "is_active",
    "is_staff",
    "is_superuser",
    "date_joined",
    "last_login",
    "suspended_at",
    "open_rides",
    "owned_vehicles",
]

admin.site.unregister(User)


def _overview_url(person: User) -> str:
    return reverse("admin:accounts_user_overview", args=[person.id])


class SuspendedFilter(admin.SimpleListFilter):
    title = gettext_lazy("suspended")
    parameter_name = "suspended"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(suspended_at__isnull=self.value() == "no")


class RoleFilter(admin.SimpleListFilter):
    title = gettext_lazy("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [(name, name) for name in Group.objects.order_by("name").values_list("name", flat=True)]

    def queryset(self, request: HttpRequest, queryset):
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


@admin.register(User)
class OperatedUserAdmin(ExportMixin, ActionButtonsMixin, UserAdmin):
    """``UserAdmin`` with suspension. Deactivating someone by hand releases what they hold, too."""

    change_form_template = "admin/operations/person_change_form.html"
    list_display = [*UserAdmin.list_display, "overview"]
    list_filter = [*UserAdmin.list_filter, RoleFilter, SuspendedFilter]
    actions = [*UserAdmin.actions, "suspend", "lift_suspension"]
    buttons = ["suspend", "lift_suspension"]
    export_columns = {
        "city": "city",
        "id": "id",
        **{name: name for name in EXPORTED},
    }

    suspended = local_time("suspended_at", gettext_lazy("suspended"))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Protect ``is_active`` of suspended people: lifting a suspension also clears its reason."""
        fields = [*super().get_readonly_fields(request, obj), "suspended", "suspension_reason"]
        return [*fields, "is_active"] if obj is not None and obj.is_suspended else fields

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not obj.is_suspended:
            return fieldsets
        return [*fieldsets, (_("Suspension"), {"fields": ["suspended", "suspension_reason"]})]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            # After the commit, as each vehicle is released in its own transaction.
            transaction.on_commit(partial(release_holdings, person=obj, by=request.user), robust=True)

    @admin.display(description=gettext_lazy("support"))
    def overview(self, person: User) -> SafeString:
        return format_html('<a href="{}">{}</a>', _overview_url(person), _("Overview"))

    def get_urls(self):
        view = self.admin_site.admin_view(self.overview_view)
        return [path("<uuid:user_id>/overview/", view, name="accounts_user_overview"), *super().get_urls()]

    @method_decorator(require_safe)
    def overview_view(self, request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
        """Show what a person did, what they were told and what staff did. The buttons ask before they act."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        person = get_object_or_404(User, id=user_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Overview of %(name)s") % {"name": name_of(person)},
            "person": person,
            "may_change": self.has_change_permission(request, person),
            "change_url": change_url(person),
            "act_buttons": self.act_buttons(request, person, next_url=request.path),
            "sections": list(sections_for(request, person)),
        }
        return TemplateResponse(request, "admin/operations/person.html", context)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, obj=None, **kwargs: Any):
        if obj is not None:
            context["overview_url"] = _overview_url(obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def buttons_for(self, request: HttpRequest, person: User) -> list[str]:
        if person.is_removed:
            return []
        return ["lift_suspension"] if person.is_suspended else ["suspend"]

    def has_suspend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_user")

    @admin.action(description=gettext_lazy("Suspend"), permissions=["suspend"])
    def suspend(self, request: HttpRequest, queryset) -> HttpResponse | None:
        form = SuspensionForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return confirm_action(self, request, queryset, action="suspend", confirmation=SUSPENDING, form=form)
        reason = form.cleaned_data["reason"]
        return for_each(
            request,
            queryset,
            lambda person: suspend_person(person=person, reason=reason, by=request.user),
            done=_("People suspended: %(count)d."),
            model_admin=self,
            log=f"Suspended. {reason}",
        )

    @admin.action(description=gettext_lazy("Lift the suspension"), permissions=["suspend"])
    def lift_suspension(self, request: HttpRequest, queryset) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return confirm_action(self, request, queryset, action="lift_suspension", confirmation=LIFTING)
        return for_each(
            request,
            queryset,
            lambda person: lift_suspension(person=person, by=request.user),
            done=_("Suspensions lifted: %(count)d."),
            model_admin=self,
            log="Suspension lifted.",
        )
