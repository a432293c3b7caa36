"""Terms, privacy and help, and accepting the terms."""

from http.client import CONFLICT, OK

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from movr_project.redirects import safe_next

from .documents import Kind, TermsRefused, accept_terms, documents
from .markdown import render_markdown
from .models import Document


@login_not_required
@require_safe
def document(request: HttpRequest, kind: str, version: int | None = None) -> HttpResponse:
    """A text as it is now, or an older version of it."""
    newest = documents.current(kind)
    shown = newest
    if newest and version not in (None, newest.version):
        shown = Document.objects.filter(kind=kind, version=version).first()
    if shown is None:
        raise Http404
    context = {
        "document": shown,
        "newest": newest,
        "newest_url": reverse(f"accounts:{kind}"),
        "older_url": reverse(f"accounts:{kind}_version", args=[shown.version - 1]) if shown.version > 1 else "",
        "text": render_markdown(shown.text),
    }
    return render(request, "documents/document.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest) -> HttpResponse:
    """Ask for the newest terms to be accepted; then on to where the person was going."""
    target = safe_next(request) or "home"
    status = OK
    if request.method == "POST":
        try:
            accept_terms(user=request.user, version=_version(request.POST.get("version", "")))
        except TermsRefused as refused:
            messages.warning(request, str(refused))
            status = CONFLICT
        else:
            messages.success(request, _("Thank you. The terms are accepted."))
            return redirect(target)
    terms = documents.current(Kind.TERMS)
    if terms is None or request.user.terms_version >= terms.version:
        return redirect(target)
    context = {"document": terms, "text": render_markdown(terms.text), "next": safe_next(request)}
    return render(request, "accounts/accept_terms.html", context, status=status)


def _version(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
