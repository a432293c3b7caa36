"""Log in by name and password for a token, with the limits of the log-in page."""

from contextlib import suppress

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils.translation import gettext as _

from movr_project.errors import Refused
from movr_project.web.clients import client_address
from movr_project.web.retry_view import retry_view
from throttling.services import Throttled, refuse_throttled, throttle

from ..lock_out import login_name, login_wait
from ..log_in import check_password_early
from ..models import User
from ..two_factor import services as second_factor
from .models import FLEET


class LogInRefused(Refused):
    """Codes: ``wrong_credentials``, ``suspended``, ``second_factor_required``, ``second_factor_missing``."""


def identify(request: HttpRequest, name: str, password: str, code: str, scopes: set[str]) -> User:
    """Return the person with this name (or e-mail address) and password.

    Staff with a second factor give its ``code``, which is used up last. Those who need one and have none get no token
    for the fleet, as they get no admin. Raises ``LogInRefused``, ``Throttled``, ``SecondFactorRefused``.
    """
    address = client_address(request)
    refuse_throttled("login-from", address, limit=settings.LOGINS_PER_HOUR)
    name = check_password_early(request, name, password)
    user = _authenticate(request, name, password) if name else None
    if user is None:
        with suppress(Throttled):
            throttle("login-from", address, limit=settings.LOGINS_PER_HOUR)
        raise _why_not(request, name, address)
    _check_second_factor(user, code, scopes)
    return user


def _authenticate(request: HttpRequest, name: str, password: str) -> User | None:
    """Check the password in a transaction, in which axes counts failures or forgets them."""

    def attempt(request: HttpRequest) -> User | None:
        user = authenticate(request, username=name, password=password)
        if user is not None:
            user_logged_in.send(sender=User, request=request, user=user)
        return user

    return retry_view(attempt)(request)


def _why_not(request: HttpRequest, name: str, address: str) -> Refused:
    if getattr(request, "axes_locked_out", None):
        request.axes_locked_out = None  # axes' middleware would answer with a page
        return Throttled(login_wait(login_name(request, {"username": name}), address))
    early = getattr(request, "early_check", None)
    user = User.objects.filter(id=early.user_id).first() if early and early.right else None
    if user is not None and user.is_suspended:
        sentence = _("Your account is suspended. Reason: %(reason)s") % {"reason": user.suspension_reason}
        return LogInRefused(sentence, code="suspended")
    return LogInRefused(_("The username or the password is wrong."), code="wrong_credentials")


def _check_second_factor(user: User, code: str, scopes: set[str]) -> None:
    if second_factor.asks_for_code(user):
        if not code:
            sentence = _("Send a code from your app in the X-Second-Factor header.")
            raise LogInRefused(sentence, code="second_factor_required")
        second_factor.prove(user=user, code=code)
    elif user.is_staff and settings.STAFF_SECOND_FACTOR and scopes & FLEET:
        sentence = _("Set up an authenticator app on the site first.")
        raise LogInRefused(sentence, code="second_factor_missing")
