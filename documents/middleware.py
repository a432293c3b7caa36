from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import ResolverMatch, reverse
from django.utils.translation import gettext as _

from movr_project.web.redirects import SAFE_METHODS, page_to_return_to

from .current import documents


class TermsMiddleware:
    """Ask people to accept the terms when a newer version requires it.

    Public pages and the admin stay open. Riders are asked after their ride, as they must be able to end it. The
    version is cached in memory and on the user's row, so the check costs no query.
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
    is_public = not getattr(view, "login_required", True)  # like LoginRequiredMiddleware
    is_open = not getattr(view, "terms_required", True)
    return is_public or is_open or "admin" in match.namespaces


def _ask(request: HttpRequest) -> HttpResponse:
    if request.method not in SAFE_METHODS:
        sentence = _("Please accept the new terms first, then submit your form again.")
        messages.warning(request, sentence)
    query = urlencode({"next": page_to_return_to(request)})
    return redirect(f"{reverse('documents:accept_terms')}?{query}")
