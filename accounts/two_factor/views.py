"""The pages on which staff set up, prove and remove their second factor."""

from collections.abc import Callable
from functools import wraps
from http.client import TOO_MANY_REQUESTS
from typing import Any
from urllib.parse import urlencode

import segno
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from movr_project.web.access import terms_not_required
from movr_project.web.redirects import post_data, safe_next
from throttling.services import Throttled, throttle

from ..lock_out import too_often_page
from ..models import AuthenticatorApp
from ..passkeys import services as passkeys
from ..passkeys.services import PasskeyRefused
from ..passkeys.views import passkey_page
from . import services as service
from .forms import AnyCodeForm, AppCodeForm, RecoveryCodeForm
from .services import SecondFactorRefused

PASSKEY_REQUESTS_PER_HOUR = 60


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Respond with 404 to everyone but staff."""

    @never_cache
    @sensitive_post_parameters("code", "offer")
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return wrapper


@terms_not_required
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for a code or a passkey or, after a valid one, show the current set-up."""
    if service.is_verified(request.user):
        return redirect(_target(request)) if request.method == "POST" else _manage(request, AnyCodeForm())
    has_app, has_passkeys = service.device_of(request.user) is not None, request.user.passkeys.exists()
    if not (has_app or has_passkeys):
        return _with_next("accounts:second_factor_set_up", request)
    recovering = "recovery" in request.POST
    form = (RecoveryCodeForm if recovering else AppCodeForm)(post_data(request))
    refused = None
    if form.is_valid():
        try:
            device = service.prove(user=request.user, code=form.cleaned_data["code"])
        except SecondFactorRefused as error:
            refused = _add_refusal(form, error)
        else:
            return _let_in(request, device, recovering)
    context = {
        "app_form": AppCodeForm() if recovering else form,
        "recovery_form": form if recovering else RecoveryCodeForm(),
        "recovering": recovering,
        "has_app": has_app,
        "has_passkeys": has_passkeys,
        "next": safe_next(request),
    }
    return _page(request, "accounts/second_factor.html", context, refused)


@terms_not_required
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def passkey(request: HttpRequest) -> HttpResponse:
    """Ask the browser for one of the person's passkeys, then let them in."""
    user = request.user
    if request.method != "POST" or service.is_verified(user) or not user.passkeys.exists():
        return _with_next("accounts:second_factor", request)
    if "response" not in request.POST:
        return _ask_for_passkey(request)
    try:
        service.let_in(request, passkeys.prove(user=user, response=request.POST["response"]))
    except PasskeyRefused as refused:
        messages.error(request, str(refused))
        return _with_next("accounts:second_factor", request)
    return redirect(_target(request))


def _ask_for_passkey(request: HttpRequest) -> HttpResponse:
    try:
        throttle("passkey", str(request.user.id), limit=PASSKEY_REQUESTS_PER_HOUR)
    except Throttled as refused:
        return too_often_page(refused)
    context = {
        "heading": _("Two-factor authentication"),
        "options": passkeys.options_to_prove(request.user),
        "fields": {"next": safe_next(request)},
        "back": _with_next("accounts:second_factor", request).url,
        "back_label": _("Back"),
    }
    return passkey_page(request, context)


def _let_in(request: HttpRequest, device: AuthenticatorApp, recovering: bool) -> HttpResponse:
    service.let_in(request, device)
    if recovering:
        left = service.recovery_codes_left(request.user)
        sentence = ngettext(
            "You have %(count)d recovery code left. Set up your new app or generate new codes.",
            "You have %(count)d recovery codes left. Set up your new app or generate new codes.",
            left,
        )
        messages.warning(request, sentence % {"count": left})
        return redirect("accounts:second_factor")
    return redirect(_target(request))


@terms_not_required
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """Show a new secret, and enable it once a code proves that the app has it."""
    if service.needs_passkey(request.user) or (request.method != "POST" and service.device_of(request.user)):
        return _with_next("accounts:second_factor", request)
    offer = request.POST.get("offer", "")
    device = service.read_offer(request.user, offer)
    form = AppCodeForm(post_data(request) if device else None)
    if device and form.is_valid():
        try:
            made, codes = service.set_up(user=request.user, secret=device.bin_key, code=form.cleaned_data["code"])
        except SecondFactorRefused as refused:
            if refused.code == "already_set_up":
                messages.error(request, str(refused))
                return _with_next("accounts:second_factor", request)
            _add_refusal(form, refused)
        else:
            service.let_in(request, made)
            return _show_codes(request, codes)
    if device is None:
        if request.method == "POST":
            messages.warning(request, _("This page expired. Please scan the new code."))
        offer = service.new_offer(request.user)
        device = service.read_offer(request.user, offer)
    context = {
        "form": form,
        "offer": offer,
        "secret": service.secret_text(device),
        "app_url": device.config_url,
        "qr_code": segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=3, light="#fff"),
        "next": safe_next(request),
    }
    return _page(request, "accounts/second_factor_set_up.html", context)


@terms_not_required
@staff_only
@require_POST
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Replace the recovery codes with ten new ones."""
    return _after_proof(request, service.renew_recovery_codes, _show_codes)


@terms_not_required
@staff_only
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Remove the second factor, usually to set up another."""
    return _after_proof(request, service.remove, _removed)


def _after_proof(
    request: HttpRequest, act: Callable[..., Any], done: Callable[[HttpRequest, Any], HttpResponse]
) -> HttpResponse:
    """Change the second factor of a verified person who enters another code."""
    if not service.is_verified(request.user):
        return redirect("accounts:second_factor")
    form = AnyCodeForm(request.POST)
    refused = None
    if form.is_valid():
        try:
            return done(request, act(user=request.user, code=form.cleaned_data["code"]))
        except SecondFactorRefused as error:
            refused = _add_refusal(form, error)
    return _manage(request, form, refused)


def _removed(request: HttpRequest, result: None) -> HttpResponse:
    messages.success(request, _("Your authenticator app has been removed. Set up another one here."))
    return redirect("accounts:second_factor_set_up")


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    context = {"codes": [f"{code[:4]}-{code[4:]}" for code in codes], "target": _target(request)}
    return render(request, "accounts/second_factor_codes.html", context)


def _manage(request: HttpRequest, form: forms.Form, refused: SecondFactorRefused | None = None) -> HttpResponse:
    context = {
        "form": form,
        "device": service.device_of(request.user),
        "passkeys": request.user.passkeys.count(),
        "codes_left": service.recovery_codes_left(request.user),
    }
    return _page(request, "accounts/second_factor_manage.html", context, refused)


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], refused: SecondFactorRefused | None = None
) -> HttpResponse:
    if refused is None or refused.code != "too_many_codes":
        return render(request, template, context)
    page = render(request, template, context, status=TOO_MANY_REQUESTS)
    page["Retry-After"] = str(refused.seconds)
    return page


def _add_refusal(form: forms.Form, refused: SecondFactorRefused) -> SecondFactorRefused:
    form.add_error("code", forms.ValidationError(str(refused), code=refused.code))
    return refused


def _target(request: HttpRequest) -> str:
    return safe_next(request) or reverse("admin:index")


def _with_next(view_name: str, request: HttpRequest) -> HttpResponseRedirect:
    target = safe_next(request)
    return redirect(f"{reverse(view_name)}?{urlencode({'next': target})}" if target else view_name)
