from copy import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.admin import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDevice

from cities.admin import CityFilter, city_name
from cities.forms import CityField
from cities.models import City
from movr_project.admin import ReadOnlyAdmin, confirm_action, for_each
from movr_project.admin_links import link_to
from movr_project.db.retry import run_transaction

from . import second_factor
from .documents import Kind, documents, publish
from .markdown import render_markdown
from .models import Document, TermsAcceptance, User, new_session_epoch
from .services import follow_new_names

PRIVILEGES = ["is_staff", "is_superuser", "groups", "user_permissions"]


class AddPersonForm(AdminUserCreationForm):
    city = CityField(label=_("Home city"))

    class Meta:
        model = User
        fields = ["city", "first_name", "last_name", "email", "username"]


class ChangePersonForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """People. Home city and counters are moved by services alone; nobody is deleted from here."""

    form = ChangePersonForm
    add_form = AddPersonForm
    list_display = ["username", "full_name", "email", city_name, "riding", "vehicles", "is_staff", "is_active"]
    list_filter = [CityFilter, "is_staff", "is_active"]
    search_fields = ["username", "email", "first_name", "last_name"]
    ordering = ["username"]
    date_hierarchy = "date_joined"
    show_full_result_count = False
    actions = ["reset_second_factor"]
    readonly_fields = ["id", "home", "open_rides", "owned_vehicles", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password", "id"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "home"]}),
        (_("Now"), {"fields": ["open_rides", "owned_vehicles"]}),
        (_("Rights"), {"fields": ["is_active", *PRIVILEGES]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["city", "first_name", "last_name", "email", "username"]}),
        (_("Password"), {"fields": ["usable_password", "password1", "password2"]}),
    ]

    @admin.display(description=_("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description=_("Home city"))
    def home(self, user: User) -> City:
        return user.home_city

    @admin.display(description=_("riding"), boolean=True)
    def riding(self, user: User) -> bool:
        return user.is_riding

    @admin.display(description=_("vehicles"), ordering="owned_vehicles")
    def vehicles(self, user: User) -> int:
        return user.owned_vehicles

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Only superusers hand out rights; otherwise staff could give themselves more.

        A name to log in with and an address for reset mails are rights too: those of the account.
        """
        kept = [] if request.user.is_superuser else [*PRIVILEGES, "username", "email"]
        return [*self.readonly_fields, *kept]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or request.user.is_superuser:
            return fieldsets
        return [
            (name, options | {"fields": [field for field in options["fields"] if field != "password"]})
            for name, options in fieldsets
        ]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Colleagues are for superusers: who may deactivate one, or rename one, has power over them.

        A removed account is nobody's any more, so nothing of it can be changed.
        """
        if not super().has_change_permission(request, obj):
            return False
        if obj is None:
            return True
        return not obj.is_removed and (request.user.is_superuser or not (obj.is_staff or obj.is_superuser))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = ""):  # noqa: A002 (Django's name)
        if not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def has_reset_second_factor_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    @admin.action(description=_("Reset the second factor"), permissions=["reset_second_factor"])
    def reset_second_factor(self, request: HttpRequest, queryset) -> HttpResponse | None:
        """For a colleague who has lost the app and the recovery codes."""
        if "confirmed" not in request.POST:
            title = gettext("Let these people set up a new second factor?")
            return confirm_action(self, request, queryset, action="reset_second_factor", title=title)
        for_each(
            request,
            queryset,
            lambda user: self._reset_second_factor(request, user),
            done=gettext("Second factors reset: %(count)d."),
        )
        return None

    def _reset_second_factor(self, request: HttpRequest, user: User) -> None:
        second_factor.reset(user=user, by=request.user)
        run_transaction(lambda: self.log_change(request, user, "Second factor reset."))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form, change: bool) -> None:
        if change and "is_active" in form.changed_data and not obj.is_active:
            obj.session_epoch = new_session_epoch()  # ends every session at once
        before = User.objects.get(pk=obj.pk) if change else obj
        if obj.email != before.email:
            obj.email_confirmed_at = None
        super().save_model(request, obj, form, change)
        follow_new_names(before, obj)


class DocumentForm(forms.ModelForm):
    class Meta:
        model = Document
        fields = ["kind", "text", "must_accept"]
        widgets = {"kind": forms.HiddenInput, "text": AdminTextareaWidget(attrs={"rows": 30})}


@admin.register(Document)
class DocumentAdmin(admin.ModelAdmin):
    """The texts. A published one never changes: what is added is the next version of its kind."""

    form = DocumentForm
    add_form_template = "documents/admin_add.html"
    list_display = ["__str__", "kind", "version", "must_accept", "published_at"]
    list_filter = ["kind", "must_accept"]
    date_hierarchy = "published_at"
    view_on_site = False
    readonly_fields = ["version", "published_at", "page"]

    @admin.display(description=_("page"))
    def page(self, document: Document) -> str:
        url = reverse(f"accounts:{document.kind}_version", args=[document.version])
        return format_html('<a href="{}">{}</a>', url, url)

    def get_fields(self, request: HttpRequest, obj: Document | None = None) -> list[str]:
        if obj:
            return ["kind", "version", "published_at", "page", "must_accept", "text"]
        return ["kind", "text", "must_accept"] if _kind(request) == Kind.TERMS else ["kind", "text"]

    def has_change_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the preview was asked for, or else the newest text of the kind."""
        if "_preview" in request.POST:
            return {name: request.POST.get(name, "") for name in DocumentForm.Meta.fields}
        newest = documents.current(_kind(request))
        return {"kind": _kind(request), "text": newest.text if newest else ""}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None):
        title = gettext("New version: %(kind)s") % {"kind": _kind(request).label}
        context = {"title": title, "kinds": Kind.choices, "kind": _kind(request), **(extra_context or {})}
        if "_preview" in request.POST:
            context["preview"] = render_markdown(request.POST.get("text", "")).html
            request = copy(request)
            request.method = "GET"  # shows the form again with what it held, and stores nothing
        return super().add_view(request, form_url, context)

    def save_model(self, request: HttpRequest, obj: Document, form, change: bool) -> None:
        publish(obj)


def _kind(request: HttpRequest) -> Kind:
    """Of what a new version is being written."""
    kind = request.POST.get("kind") or request.GET.get("kind")
    return Kind(kind) if kind in Kind.values else Kind.TERMS


@admin.register(TermsAcceptance)
class TermsAcceptanceAdmin(ReadOnlyAdmin):
    """Who accepted which terms, and when."""

    list_display = ["person", "version", "accepted_at"]
    list_display_links = ["accepted_at"]  # the person is a link already
    list_filter = ["version"]
    list_select_related = ["user"]
    search_fields = ["user__username__istartswith", "user__email__istartswith"]
    date_hierarchy = "accepted_at"
    ordering = ["-accepted_at"]
    show_full_result_count = False
    fields = ["person", "version", "accepted_at"]
    readonly_fields = ["person"]

    @admin.display(description=_("person"), ordering="user__username")
    def person(self, acceptance: TermsAcceptance) -> str:
        return link_to(acceptance.user)


# Registered by the modules they are imported from, with forms that show the secrets. What staff need are
# their own page and the action above.
admin.site.unregister([TOTPDevice, StaticDevice])
