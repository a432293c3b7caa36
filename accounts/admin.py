from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cities.admin import CityFilter, city_name
from cities.forms import CityField

from .models import User, new_session_epoch

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
    list_display = ["username", "get_full_name", "email", city_name, "riding", "vehicles", "is_staff", "is_active"]
    list_filter = [CityFilter, "is_staff", "is_active"]
    search_fields = ["username", "email", "first_name", "last_name"]
    ordering = ["username"]
    date_hierarchy = "date_joined"
    show_full_result_count = False
    readonly_fields = ["id", "home_city", "open_rides", "owned_vehicles", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password", "id"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "home_city"]}),
        (_("Now"), {"fields": ["open_rides", "owned_vehicles"]}),
        (_("Rights"), {"fields": ["is_active", *PRIVILEGES]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["city", "first_name", "last_name", "email", "username"]}),
        (_("Password"), {"fields": ["usable_password", "password1", "password2"]}),
    ]

    @admin.display(description=_("riding"), boolean=True)
    def riding(self, user: User) -> bool:
        return user.is_riding

    @admin.display(description=_("vehicles"), ordering="owned_vehicles")
    def vehicles(self, user: User) -> int:
        return user.owned_vehicles

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Only superusers hand out rights; otherwise staff could give themselves more."""
        privileges = [] if request.user.is_superuser else PRIVILEGES
        return [*self.readonly_fields, *privileges]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (request.user.is_superuser or obj is None or not obj.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form, change: bool) -> None:
        if change and "is_active" in form.changed_data and not obj.is_active:
            obj.session_epoch = new_session_epoch()  # ends every session at once
        super().save_model(request, obj, form, change)
