"""The pages of the terms, privacy policy and help, and of accepting the terms."""

from http.client import CONFLICT, OK

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from movr_project.web.access import terms_not_required
from movr_project.web.kept_parts import kept_part
from movr_project.web.redirects import safe_next

from .current import Kind, documents
from .markdown import render_markdown
from .models import Document
from .services import TermsRefused, accept_terms


@login_not_required
@require_safe
def document(request: HttpRequest, kind: str, version: int | None = None) -> HttpResponse:
    """Show the current or an older version of a document."""
    newest = documents.current(kind)
    shown = newest
    if newest and version not in (None, newest.version):
        shown = Document.objects.filter(kind=kind, version=version).first()
    if shown is None:
        raise Http404
    name = str(shown.get_kind_display())
    text = render_markdown(shown.text)
    body = kept_part(
        "documents/_document.html",
        {"html": text.html},
        kind=name,
        version=shown.version,
        published_at=shown.published_at,
        is_old=shown != newest,
        newest_page=f"documents:{kind}",
        older_page=f"documents:{kind}_version",
        older=shown.version - 1,
        sections=text.sections,
    )
    return render(request, "documents/document.html", {"kind": name, "body": body})


@terms_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest) -> HttpResponse:
    """Ask the user to accept the current terms, then continue to where they were going."""
    target = safe_next(request) or "home"
    status = OK
    if request.method == "POST":
        try:
            accept_terms(user=request.user, version=_version(request.POST.get("version", "")))
        except TermsRefused as refused:
            messages.warning(request, str(refused))
            status = CONFLICT
        else:
            messages.success(request, _("Thanks. You have accepted the terms."))
            return redirect(target)
    terms = documents.current(Kind.TERMS)
    if terms is None or request.user.terms_version >= terms.version:
        return redirect(target)
    context = {"document": terms, "text": render_markdown(terms.text), "next": safe_next(request)}
    return render(request, "documents/accept_terms.html", context, status=status)


def _version(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
