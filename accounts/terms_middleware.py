from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import ResolverMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from .documents import documents

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
ALWAYS_OPEN = {
    "accounts:accept_terms",
    # What somebody may do who does not accept the terms: leave safely, with their data.
    "accounts:log_out_everywhere",
    "accounts:password_change",
    "accounts:personal_data",
    "accounts:profile_delete",
    # On the way to the administration, which is open too.
    "accounts:second_factor",
    "accounts:second_factor_codes",
    "accounts:second_factor_remove",
    "accounts:second_factor_set_up",
}


class TermsMiddleware:
    """Asks people to accept the terms when a version that everybody has to accept is newer than theirs.

    Public pages stay open, as does the administration. Somebody who is riding is asked after the ride: first
    of all they must be able to end it. What is asked stands in memory and on the person's own row, so it
    costs no query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: tuple, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if _stays_open(view, request.resolver_match):
            return None
        required, user = documents.required_terms, request.user
        if not user.is_authenticated or user.terms_version >= required or user.is_riding:
            return None
        return _ask(request)


def _stays_open(view: Callable[..., HttpResponse], match: ResolverMatch) -> bool:
    is_public = not getattr(view, "login_required", True)  # as LoginRequiredMiddleware sees it
    return is_public or match.view_name in ALWAYS_OPEN or "admin" in match.namespaces


def _ask(request: HttpRequest) -> HttpResponse:
    if request.method in SAFE_METHODS:
        target = request.get_full_path()
    else:
        sentence = _("Please accept the new terms first. What you sent has not been done: send it again then.")
        messages.warning(request, sentence)
        target = _page_before(request)
    return redirect(f"{reverse('accounts:accept_terms')}?{urlencode({'next': target})}")


def _page_before(request: HttpRequest) -> str:
    """Where a form stood, as far as the browser tells; the address it was sent to may take no GET."""
    referrer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referrer, allowed_hosts={request.get_host()}):
        return reverse("home")
    page = urlsplit(referrer)
    return urlunsplit(("", "", page.path, page.query, "")) if page.path.startswith("/") else reverse("home")
