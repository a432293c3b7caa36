from copy import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cities.admin_times import in_utc, local_time
from movr_project.admin.links import link_to
from movr_project.admin.model_admins import MovrAdmin, ReadOnlyAdmin
from movr_project.web.fields import LinesInput
from movr_project.web.limits import takes_text

from .current import Kind, documents
from .markdown import MAX_TEXT_LENGTH, render_markdown, validate_markdown
from .models import Document, TermsAcceptance
from .services import publish


class AdminLinesInput(LinesInput, AdminTextareaWidget):
    """``LinesInput`` styled like the admin."""


class DocumentForm(forms.ModelForm):
    text = forms.CharField(
        label=_("text"),
        help_text=_("In Markdown."),
        validators=[validate_markdown],
        widget=AdminLinesInput(attrs={"rows": 30}),
    )

    class Meta:
        model = Document
        fields = ["kind", "text", "must_accept"]
        widgets = {"kind": forms.HiddenInput}


@admin.register(Document)
class DocumentAdmin(MovrAdmin):
    """Documents. Published versions never change: adding one creates the next version of its kind."""

    form = DocumentForm
    add_form_template = "documents/admin_add.html"
    list_display = ["__str__", "kind", "version", "must_accept", "published"]
    list_filter = ["kind", "must_accept"]
    search_fields = ["kind", "text"]
    search_help_text = _("Kind, text or version number.")
    date_hierarchy = "published_at"
    view_on_site = False
    readonly_fields = ["version", "published", "page"]

    published = local_time("published_at", _("published"), city=in_utc)

    @admin.display(description=_("page"))
    def page(self, document: Document) -> str:
        url = reverse(f"documents:{document.kind}_version", args=[document.version])
        return format_html('<a href="{}">{}</a>', url, url)

    def get_fields(self, request: HttpRequest, obj: Document | None = None) -> list[str]:
        if obj:
            return ["kind", "version", "published", "page", "must_accept", "text"]
        return ["kind", "text", "must_accept"] if _kind(request) == Kind.TERMS else ["kind", "text"]

    def has_change_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what was previewed or, failing that, the current text of the kind."""
        if "_preview" in request.POST:
            return {name: request.POST.get(name, "") for name in DocumentForm.Meta.fields}
        newest = documents.current(_kind(request))
        return {"kind": _kind(request), "text": newest.text if newest else ""}

    @takes_text(max_length=MAX_TEXT_LENGTH)
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None):
        title = gettext("New version: %(kind)s") % {"kind": _kind(request).label}
        context = {"title": title, "kinds": Kind.choices, "kind": _kind(request), **(extra_context or {})}
        if "_preview" in request.POST:
            context["preview"] = _preview(request.POST.get("text", ""))
            request = copy(request)
            request.method = "GET"  # show the form again with its values and store nothing
        return super().add_view(request, form_url, context)

    def save_model(self, request: HttpRequest, obj: Document, form, change: bool) -> None:
        publish(obj)


@admin.register(TermsAcceptance)
class TermsAcceptanceAdmin(ReadOnlyAdmin):
    """Acceptances of the terms."""

    list_display = ["person", "version", "accepted"]
    list_display_links = ["accepted"]  # the person is already a link
    list_filter = ["version"]
    list_select_related = ["user"]
    key_lookups = ["id", "user_id"]
    search_fields = [
        "user__username__istartswith",
        "user__email__istartswith",
        "user__first_name__istartswith",
        "user__last_name__icontains",
    ]
    search_help_text = _("The person's username, e-mail, name or id.")
    date_hierarchy = "accepted_at"
    ordering = ["-accepted_at"]
    show_full_result_count = False
    fields = ["person", "version", "accepted"]
    readonly_fields = ["person", "accepted"]

    accepted = local_time("accepted_at", _("accepted"), city=lambda acceptance: acceptance.user.home_city)

    @admin.display(description=_("person"), ordering="user__username")
    def person(self, acceptance: TermsAcceptance) -> str:
        return link_to(acceptance.user)


def _preview(text: str) -> str:
    try:
        validate_markdown(text)
    except ValidationError as error:
        return error.message
    return render_markdown(text).html


def _kind(request: HttpRequest) -> Kind:
    """Return the kind of the new version."""
    kind = request.POST.get("kind") or request.GET.get("kind")
    return Kind(kind) if kind in Kind.values else Kind.TERMS
