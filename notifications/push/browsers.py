"""The push services of the browsers. The server sends requests to no others: it would do so for whoever asks."""

from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

SERVICES = {
    "fcm.googleapis.com": _("Chrome or a browser based on it"),
    "updates.push.services.mozilla.com": "Firefox",
    "web.push.apple.com": "Safari",
    ".notify.windows.com": "Edge",  # a host for each region
}


def browser_of(endpoint: str) -> str:
    """Return the name of the browser whose push service an address belongs to, or "" if it is none that we know."""
    try:
        address = urlsplit(endpoint)
        is_plain = address.scheme == "https" and address.netloc == address.hostname and endpoint.isascii()
    except ValueError:
        return ""
    return _name_of(address.netloc) if is_plain else ""


def _name_of(host: str) -> str:
    for service, name in SERVICES.items():
        if host == service or (service.startswith(".") and host.endswith(service)):
            return str(name)
    return ""
