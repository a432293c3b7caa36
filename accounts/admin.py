from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.admin import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDevice

from cities.admin import CityFilter, city_name
from cities.admin_times import local_time
from cities.forms import CityField
from cities.models import City
from movr_project.admin.actions import Confirmation, confirm_action, for_each
from movr_project.admin.model_admins import MovrAdmin
from movr_project.web.redirects import SAFE_METHODS

from .api_access import admin as api_access  # noqa: F401  (registers itself)
from .models import User, new_session_epoch
from .passkeys.removal import forget_passkeys
from .passwords import PasswordField
from .services import follow_new_names
from .two_factor import services as second_factor

RESETTING = Confirmation(
    ngettext_lazy(
        "Reset two-factor authentication for this person and remove their passkeys? "
        "They will set it up again at their next log-in.",
        "Reset two-factor authentication for these people and remove their passkeys? "
        "They will set it up again at their next log-in.",
        "count",
    ),
    ngettext_lazy("Reset it for %(count)d person", "Reset it for %(count)d people", "count"),
    is_final=True,
)
PRIVILEGES = ["is_staff", "is_superuser", "groups", "user_permissions"]


def limit_passwords(form: forms.Form) -> None:
    """Limit the length in Django's forms, as longer passwords could not be confirmed elsewhere."""
    for name in ("password1", "password2"):
        field = form.fields[name]
        form.fields[name] = PasswordField(
            label=field.label, required=field.required, help_text=field.help_text, autocomplete="new-password"
        )


class SetPersonsPasswordForm(AdminPasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        limit_passwords(self)


class AddPersonForm(AdminUserCreationForm):
    city = CityField(label=_("Home city"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        limit_passwords(self)

    class Meta:
        model = User
        fields = ["city", "first_name", "last_name", "email", "username"]


class ChangePersonForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(MovrAdmin, DjangoUserAdmin):
    """People. Only services change the home city and the counters, and no one is deleted here."""

    form = ChangePersonForm
    add_form = AddPersonForm
    change_password_form = SetPersonsPasswordForm
    list_display = ["username", "full_name", "email", city_name, "riding", "vehicles", "is_staff", "is_active"]
    list_filter = [CityFilter, "is_staff", "is_active"]
    search_fields = ["username", "email", "first_name", "last_name"]
    search_help_text = _("Username, e-mail, first and last name, or a person's id.")
    ordering = ["username"]
    date_hierarchy = "date_joined"
    show_full_result_count = False
    actions = ["reset_second_factor"]
    readonly_fields = ["id", "home", "open_rides", "owned_vehicles", "last_log_in", "joined"]
    fieldsets = [
        (None, {"fields": ["username", "password", "id"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "home"]}),
        (_("Now"), {"fields": ["open_rides", "owned_vehicles"]}),
        (_("Permissions"), {"fields": ["is_active", *PRIVILEGES]}),
        (_("Dates"), {"fields": ["last_log_in", "joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["city", "first_name", "last_name", "email", "username"]}),
        (_("Password"), {"fields": ["usable_password", "password1", "password2"]}),
    ]

    last_log_in = local_time("last_login", _("last log-in"))
    joined = local_time("date_joined", _("joined"))

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
        """Let only superusers grant permissions; otherwise staff could extend their own.

        The username and the e-mail address, which receives reset links, give control of the account too.
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
        """Let only superusers change other staff, as deactivating or renaming them is power over them.

        A removed account can't be changed at all.
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

    @admin.action(description=_("Reset two-factor authentication"), permissions=["reset_second_factor"])
    def reset_second_factor(self, request: HttpRequest, queryset) -> HttpResponse | None:
        """Reset it for a colleague who has lost the app and the recovery codes."""
        if "confirmed" not in request.POST:
            return confirm_action(self, request, queryset, action="reset_second_factor", confirmation=RESETTING)
        return for_each(
            request,
            queryset,
            lambda user: second_factor.reset(user=user, by=request.user),
            done=gettext("Two-factor authentication reset: %(count)d."),
            model_admin=self,
            log="Two-factor authentication reset.",
        )

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        """Lock the row first: fields that staff did not change keep their current values."""
        user = super().get_object(request, object_id, from_field)
        if user is None or request.method in SAFE_METHODS:
            return user
        return User.objects.select_for_update().filter(id=user.id, city=user.city).first()

    def save_model(self, request: HttpRequest, obj: User, form, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        changed = {field.name for field in User._meta.concrete_fields} & set(form.changed_data)
        before = User.objects.get(pk=obj.pk)
        # New staff log in again: tokens and passkeys that they made before were made without a second factor.
        if "is_staff" in changed and obj.is_staff:
            forget_passkeys(before, before.passkeys.all())
        if ("is_active" in changed and not obj.is_active) or ("is_staff" in changed and obj.is_staff):
            obj.session_epoch = new_session_epoch()  # end all sessions
            changed.add("session_epoch")
        if obj.email != before.email:
            obj.email_confirmed_at = None
            changed.add("email_confirmed_at")
        obj.save(update_fields=changed)
        follow_new_names(before, obj)


# Registered by their own apps, with forms that show the secrets. Staff use their own page and the action
# above instead.
admin.site.unregister([TOTPDevice, StaticDevice, Group])


@admin.register(Group)
class RoleAdmin(MovrAdmin, GroupAdmin):
    """Django's group admin with MovR's list rules."""
