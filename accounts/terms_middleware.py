from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import ResolverMatch, reverse
from django.utils.translation import gettext as _

from movr_project.redirects import SAFE_METHODS, page_to_return_to

from .documents import documents

ALWAYS_OPEN = {
    "accounts:accept_terms",
    # What somebody may do who does not accept the terms: leave safely, with their data.
    "accounts:log_out_everywhere",
    "accounts:password_change",
    "accounts:personal_data",
    "accounts:profile",
    "accounts:profile_delete",
    # Nobody leaves vehicles behind: their pages, and taking them off the road.
    "fleet:vehicle_detail",
    "fleet:vehicle_remove",
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
    if request.method not in SAFE_METHODS:
        sentence = _("Please accept the new terms first. What you sent has not been done: send it again then.")
        messages.warning(request, sentence)
    query = urlencode({"next": page_to_return_to(request)})
    return redirect(f"{reverse('accounts:accept_terms')}?{query}")
