"""The pages on which staff set up, prove and remove their second factor."""

from collections.abc import Callable
from functools import wraps
from http.client import TOO_MANY_REQUESTS
from typing import Any
from urllib.parse import urlencode

import django_otp
import segno
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_otp.plugins.otp_totp.models import TOTPDevice

from movr_project.redirects import posted, safe_next

from . import second_factor as service
from .second_factor import SecondFactorRefused

LONGEST_CODE = 32


class AppCodeForm(forms.Form):
    """The code that the app shows right now."""

    code = forms.CharField(
        label=gettext_lazy("Code from the app"),
        max_length=LONGEST_CODE,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        help_text=gettext_lazy("Six digits, new every 30 seconds."),
    )


class RecoveryCodeForm(forms.Form):
    """One of the codes for when the app is lost."""

    def __init__(self, data: QueryDict | None = None):
        super().__init__(data, auto_id="recovery_%s")  # it stands on one page with the other form

    code = forms.CharField(
        label=gettext_lazy("Recovery code"),
        max_length=LONGEST_CODE,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
        ),
        help_text=gettext_lazy("Eight letters and digits. Each works once."),
    )


class AnyCodeForm(forms.Form):
    """Before the second factor itself is changed."""

    code = forms.CharField(
        label=gettext_lazy("Code from the app, or a recovery code"),
        max_length=LONGEST_CODE,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none"}),
    )


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For everybody else there is no such page."""

    @never_cache
    @sensitive_post_parameters("code", "offer")
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return wrapper


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for a code; show somebody who has given one what is set up."""
    if service.is_verified(request.user):
        return redirect(_target(request)) if request.method == "POST" else _manage(request, AnyCodeForm())
    if service.device_of(request.user) is None:
        return _with_next("accounts:second_factor_set_up", request)
    recovering = "recovery" in request.POST
    form = (RecoveryCodeForm if recovering else AppCodeForm)(posted(request))
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
        "next": safe_next(request),
    }
    return _page(request, "accounts/second_factor.html", context, refused)


def _let_in(request: HttpRequest, device: TOTPDevice, recovering: bool) -> HttpResponse:
    django_otp.login(request, device)
    if recovering:
        left = service.recovery_codes_left(request.user)
        sentence = ngettext(
            "You have %(count)d recovery code left. Set up your new app, or make new codes.",
            "You have %(count)d recovery codes left. Set up your new app, or make new codes.",
            left,
        )
        messages.warning(request, sentence % {"count": left})
        return redirect("accounts:second_factor")
    return redirect(_target(request))


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """Show a new secret, and make it the second factor once a code proves that the app has it."""
    if request.method != "POST" and service.device_of(request.user):
        return _with_next("accounts:second_factor", request)
    offer = request.POST.get("offer", "")
    device = service.read_offer(request.user, offer)
    form = AppCodeForm(posted(request) if device else None)
    if device and form.is_valid():
        try:
            made, codes = service.set_up(user=request.user, key=device.key, code=form.cleaned_data["code"])
        except SecondFactorRefused as refused:
            if refused.code == "already_set_up":
                messages.error(request, str(refused))
                return _with_next("accounts:second_factor", request)
            _add_refusal(form, refused)
        else:
            django_otp.login(request, made)
            return _show_codes(request, codes)
    if device is None:
        if request.method == "POST":
            messages.warning(request, _("The page was too old. Please scan this new code."))
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


@staff_only
@require_POST
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Ten new recovery codes instead of the old ones."""
    return _after_proof(request, service.renew_recovery_codes, _show_codes)


@staff_only
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Take the second factor away, mostly to set up another."""
    return _after_proof(request, service.remove, _removed)


def _after_proof(
    request: HttpRequest, act: Callable[..., Any], done: Callable[[HttpRequest, Any], HttpResponse]
) -> HttpResponse:
    """Do something to the second factor of somebody who is let in and gives one more code."""
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
    messages.success(request, _("Your second factor is removed. Set up another one here."))
    return redirect("accounts:second_factor_set_up")


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    context = {"codes": [f"{code[:4]}-{code[4:]}" for code in codes], "target": _target(request)}
    return render(request, "accounts/second_factor_codes.html", context)


def _manage(request: HttpRequest, form: forms.Form, refused: SecondFactorRefused | None = None) -> HttpResponse:
    context = {
        "form": form,
        "device": request.user.otp_device,
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


def _with_next(view_name: str, request: HttpRequest) -> HttpResponse:
    target = safe_next(request)
    return redirect(f"{reverse(view_name)}?{urlencode({'next': target})}" if target else view_name)
