"""Tokens and clients in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from cities.admin_times import in_utc, local_time
from cities.registry import registry
from movr_project.admin.actions import Confirmation, confirm_action, for_each
from movr_project.admin.model_admins import ActionButtonsMixin, MovrAdmin, ReadOnlyAdmin
from movr_project.db.retry import run_transaction

from .models import FLEET, ApiClient, ApiToken, Scope
from .services import ORGANISATION, new_secret, revoke_token, with_secret

REVOKING = Confirmation(
    ngettext_lazy(
        "Revoke this token? Apps that use it are locked out at once.",
        "Revoke these tokens? Apps that use them are locked out at once.",
        "count",
    ),
    ngettext_lazy("Revoke %(count)d token", "Revoke %(count)d tokens", "count"),
    is_final=True,
)


def _scopes(_admin: Any, credential: ApiToken | ApiClient) -> str:
    return ", ".join(credential.scopes)


_scopes.short_description = _("scopes")  # type: ignore[attr-defined]


@admin.register(ApiToken)
class ApiTokenAdmin(ActionButtonsMixin, ReadOnlyAdmin):
    """People's tokens. Superusers can revoke them."""

    list_display = ["name", "user", "prefix", "scopes_given", "created", "expires", "last_used", "revoked"]
    list_select_related = ["user"]
    search_fields = ["prefix", "user__username"]
    search_help_text = _("The token's beginning, or a username.")
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    show_full_result_count = False
    actions = ["revoke"]
    buttons = ["revoke"]
    fields = ["name", "user", "prefix", "scopes_given", "created", "expires", "last_used", "revoked"]

    scopes_given = _scopes
    created = local_time("created_at", _("created"), city=in_utc)
    expires = local_time("expires_at", _("expires"), city=in_utc)
    last_used = local_time("last_used_at", _("last used"), city=in_utc)
    revoked = local_time("revoked_at", _("revoked"), city=in_utc)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return confirm_action(self, request, queryset, action="revoke", confirmation=REVOKING)
        return for_each(
            request,
            queryset,
            lambda token: self._revoke(request, token),
            done=gettext("Tokens revoked: %(count)d."),
        )

    def _revoke(self, request: HttpRequest, token: ApiToken) -> None:
        if revoke_token(user_id=token.user_id, token_id=token.id):
            run_transaction(lambda: self.log_change(request, token, "Revoked."))


class ApiClientForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=[(scope.value, scope.label) for scope in Scope if scope in FLEET],
        widget=forms.CheckboxSelectMultiple,
    )
    cities = forms.MultipleChoiceField(
        label=_("Cities"),
        choices=lambda: [(city.name, str(city)) for city in registry],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = ApiClient
        fields = ["name", "scopes", "cities", "is_active"]


@admin.register(ApiClient)
class ApiClientAdmin(MovrAdmin):
    """Organisations' credentials. One is shown when it is made, and never again."""

    form = ApiClientForm
    list_display = ["name", "prefix", "scopes_given", "cities_served", "is_active", "created", "last_used"]
    list_filter = ["is_active"]
    search_fields = ["name", "prefix"]
    ordering = ["name"]
    readonly_fields = ["prefix", "created", "last_used"]

    scopes_given = _scopes
    created = local_time("created_at", _("created"), city=in_utc)
    last_used = local_time("last_used_at", _("last used"), city=in_utc)

    @admin.display(description=_("cities"))
    def cities_served(self, client: ApiClient) -> str:
        return ", ".join(str(city) for name in client.cities if (city := registry.get(name)))

    def has_delete_permission(self, request: HttpRequest, obj: ApiClient | None = None) -> bool:
        """Clients are deactivated, so that staff still see what was once given out."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiClient, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.secret = new_secret(ORGANISATION)
            with_secret(obj, obj.secret)
            obj.save(force_insert=True)
        elif form.changed_data:
            obj.save(update_fields=form.changed_data)

    def response_add(self, request: HttpRequest, obj: ApiClient, post_url_continue: str | None = None) -> HttpResponse:
        """Show the credential instead of redirecting, as a redirect would have to carry it."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("API client added"),
            "client": obj,
        }
        return TemplateResponse(request, "admin/api_client_added.html", context, headers={"Cache-Control": "no-store"})
