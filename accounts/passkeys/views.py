"""The pages on which people log in with a passkey, and see, add, name and remove theirs."""

import json
import uuid
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from movr_project.web.access import terms_not_required
from movr_project.web.clients import client_address
from movr_project.web.redirects import post_data, safe_next
from throttling.services import Throttled, refuse_throttled, throttle

from ..forms import OwnPasswordForm
from ..limits import SHARED_LIMIT_FACTOR, form_status
from ..lock_out import locked_page, too_often_page
from ..log_in import start_session
from ..two_factor.services import let_in
from . import services as service
from .forms import AddPasskeyForm, NameForm
from .services import PasskeyRefused

page_with_a_form = require_http_methods(["GET", "HEAD", "POST"])


@login_not_required
@never_cache
@page_with_a_form
def log_in(request: HttpRequest) -> HttpResponse:
    """Ask the browser for a passkey, then log in the person whose it is. It counts as their second factor, too."""
    if request.user.is_authenticated:
        return redirect("fleet:vehicle_list")
    if request.method != "POST":
        return _to_log_in_page(request)
    address = client_address(request)
    if "response" not in request.POST:
        return _ask_to_log_in(request, address)
    try:
        refuse_throttled("login-from", address, limit=settings.LOGINS_PER_HOUR)
        passkey = service.log_in(response=request.POST["response"])
    except Throttled as refused:
        return locked_page(request, refused.wait)
    except PasskeyRefused as refused:
        with suppress(Throttled):
            throttle("login-from", address, limit=settings.LOGINS_PER_HOUR)
        messages.error(request, str(refused))
        return _to_log_in_page(request)
    start_session(request, passkey.user)
    if passkey.user.is_staff:
        let_in(request, passkey)
    return redirect(safe_next(request) or "fleet:vehicle_list")


def _ask_to_log_in(request: HttpRequest, address: str) -> HttpResponse:
    try:
        throttle("passkey-from", address, limit=settings.LOGINS_PER_HOUR * SHARED_LIMIT_FACTOR)
    except Throttled as refused:
        return too_often_page(refused)
    target = safe_next(request)
    context = {
        "heading": _("Log in with a passkey"),
        "options": service.options_to_log_in(),
        "fields": {"next": target},
        "back": _with_next("accounts:login", target),
        "back_label": _("Log in with a password"),
    }
    return passkey_page(request, context)


def _to_log_in_page(request: HttpRequest) -> HttpResponse:
    return redirect(_with_next("accounts:login", safe_next(request)))


def _with_next(view_name: str, target: str) -> str:
    query = f"?{urlencode({'next': target})}" if target else ""
    return f"{reverse(view_name)}{query}"


def passkey_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Return the page whose script calls the browser with ``options``, and sends its answer as ``response``."""
    context = context | {"options": json.dumps(context["options"]), "site_url": settings.SITE_URL}
    return render(request, "accounts/passkey_ask.html", context)


@terms_not_required
@require_safe
def passkey_list(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/passkey_list.html", {"passkeys": request.user.passkeys.order_by("created_at")})


@terms_not_required
@never_cache
@sensitive_post_parameters("password")
@page_with_a_form
def passkey_add(request: HttpRequest) -> HttpResponse:
    """Ask for a name and the password, then ask the browser for a new passkey."""
    form = AddPasskeyForm(post_data(request), user=request.user)
    if not form.is_valid():
        return render(request, "accounts/passkey_add.html", {"form": form}, status=form_status(form))
    context = {
        "heading": _("Add a passkey"),
        "creates": True,
        "options": service.options_to_add(request.user),
        "action": reverse("accounts:passkey_create"),
        "fields": {"name": form.cleaned_data["name"]},
        "back": reverse("accounts:passkey_list"),
        "back_label": _("Cancel"),
    }
    return passkey_page(request, context)


@terms_not_required
@page_with_a_form
def passkey_create(request: HttpRequest) -> HttpResponse:
    """Store the passkey that the browser has made. Staff have used it by that as a second factor."""
    form = NameForm(post_data(request))
    if not form.is_valid():
        return redirect("accounts:passkey_add")
    try:
        passkey = service.add_passkey(
            user=request.user, name=form.cleaned_data["name"], response=request.POST.get("response", "")
        )
    except PasskeyRefused as refused:
        messages.error(request, str(refused))
        return redirect("accounts:passkey_add")
    if request.user.is_staff:
        let_in(request, passkey)
    messages.success(request, _("Your passkey has been added. You can log in with it from now on."))
    return redirect("accounts:passkey_list")


@terms_not_required
@page_with_a_form
def passkey_rename(request: HttpRequest, passkey_id: uuid.UUID) -> HttpResponse:
    passkey = get_object_or_404(request.user.passkeys, id=passkey_id)
    form = NameForm(post_data(request), initial={"name": passkey.name})
    if form.is_valid():
        service.rename_passkey(passkey=passkey, name=form.cleaned_data["name"])
        messages.success(request, _("Your changes have been saved."))
        return redirect("accounts:passkey_list")
    return render(request, "accounts/passkey_rename.html", {"form": form, "passkey": passkey})


@terms_not_required
@never_cache
@sensitive_post_parameters("password")
@page_with_a_form
def passkey_remove(request: HttpRequest, passkey_id: uuid.UUID) -> HttpResponse:
    """Remove a passkey after asking for the password."""
    passkey = get_object_or_404(request.user.passkeys, id=passkey_id)
    form = OwnPasswordForm(post_data(request), user=request.user)
    if form.is_valid():
        service.remove_passkey(user=request.user, passkey=passkey)
        messages.success(request, _("The passkey “%(name)s” has been removed.") % {"name": passkey.name})
        return redirect("accounts:passkey_list")
    context = {"form": form, "passkey": passkey}
    return render(request, "accounts/passkey_remove.html", context, status=form_status(form))
