"""Who sends a request, as far as that can be believed."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The client's IP address, for limits and logs alike.

    Each proxy appends to X-Forwarded-For whom it heard from, and anybody can send that header: only the
    last TRUSTED_PROXY_COUNT entries were written by proxies of ours, so the first of these is the client.
    """
    direct = request.META.get("REMOTE_ADDR", "")
    count = settings.TRUSTED_PROXY_COUNT
    entries = [entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if not count or len(entries) < count:
        return direct
    try:
        return str(ip_address(entries[-count]))
    except ValueError:
        return direct
