"""URLs that programs request from every site: browsers, password managers, crawlers and security researchers."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

DAY = 24 * 60 * 60
SECURITY_TXT_LIFETIME = timedelta(days=180)


@login_not_required
@require_safe
@cache_control(public=True, max_age=DAY)
def robots(request: HttpRequest) -> HttpResponse:
    """Allow public pages. Labels and rental links reveal where a vehicle is, and other pages need a login."""
    closed = ["/admin/", "/v/", "/rent/", "/email/", "/password-reset/", "/login/link/", "/language/", "/city/"]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")


@login_not_required
@require_safe
@cache_control(public=True, max_age=DAY)
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect to the icon, for clients that ignore the page's ``<link>``."""
    return redirect(static("img/icons/icon-192.png"))


@login_not_required
@require_safe
def change_password(request: HttpRequest) -> HttpResponse:
    """Redirect to the password page: the W3C's well-known URL for changing passwords."""
    return redirect("accounts:password_change")


@login_not_required
@require_safe
@cache_control(public=True, max_age=DAY)
def security_txt(request: HttpRequest) -> HttpResponse:
    """Serve security.txt (RFC 9116), or 404 without SECURITY_CONTACT."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = (timezone.now() + SECURITY_TXT_LIFETIME).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires}",
        f"Preferred-Languages: {', '.join(code for code, _name in settings.LANGUAGES)}",
        f"Canonical: {settings.SITE_URL}{reverse('security_txt')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")
