from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cities.admin import CityFilter, city_name
from cities.admin_times import local_time
from movr_project.admin.model_admins import MovrAdmin

from .forms import AlertForm, SystemForm
from .gbfs.files import file_url
from .models import Alert, System

HTTPS_URLS = {models.URLField: {"assume_scheme": "https"}}


@admin.register(System)
class SystemAdmin(MovrAdmin):
    """What the feeds say about each city."""

    form = SystemForm
    formfield_overrides = MovrAdmin.formfield_overrides | HTTPS_URLS
    list_display = ["__str__", "system_id", "operator", "opening_hours", "license_id"]
    list_select_related = ["city"]
    key_lookups = []  # the key is the city
    search_fields = ["city__name", "system_id", "operator"]
    fieldsets = [
        (None, {"fields": ["city", "system_id", "name", "operator", "languages"]}),
        (_("Operation"), {"fields": ["opening_hours", "start_date", "url"]}),
        (_("Contact"), {"fields": ["email", "phone_number", "feed_contact_email"]}),
        (_("Use of the data"), {"fields": ["license_id", "license_url", "attribution", "attribution_url"]}),
        (
            _("Brand"),
            {
                "fields": [
                    "brand_color",
                    "brand_image_url",
                    "brand_image_url_dark",
                    "brand_last_modified",
                    "brand_terms_url",
                ]
            },
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: System | None = None) -> list[str]:
        return ["city"] if obj else []

    def view_on_site(self, obj: System) -> str:
        return file_url(obj.city, "system_information")


@admin.register(Alert)
class AlertAdmin(MovrAdmin):
    """The alerts of all cities, past ones too."""

    form = AlertForm
    formfield_overrides = MovrAdmin.formfield_overrides | HTTPS_URLS
    list_display = ["__str__", city_name, "type", "starts", "ends"]
    list_filter = [CityFilter, "type"]
    search_fields = ["summary"]
    search_help_text = _("Summary or alert ID.")
    date_hierarchy = "starts_at"
    ordering = ["-starts_at"]
    view_on_site = False
    fieldsets = [
        (None, {"fields": ["city", "type", "starts_at", "ends_at"]}),
        (_("Text"), {"fields": ["summary", "description", "url"]}),
    ]

    starts = local_time("starts_at", _("from"))
    ends = local_time("ends_at", _("until"), empty=_("until further notice"))

    def get_readonly_fields(self, request: HttpRequest, obj: Alert | None = None) -> list[str]:
        return ["city", "starts", "ends"] if obj else []

    def get_fieldsets(self, request: HttpRequest, obj: Alert | None = None) -> Any:
        """Name the time zone for those who may only view. The form's fields are in the city's time."""
        (name, options), *others = super().get_fieldsets(request, obj)
        if obj and not self.has_change_permission(request, obj):
            options = options | {"fields": ["city", "type", "starts", "ends"]}
        return [(name, options), *others]
