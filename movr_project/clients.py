"""Who sends a request, as far as that can be believed."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

NETWORK_BITS = 64  # what one customer gets of IPv6, at least


def client_address(request: HttpRequest) -> str:
    """The client's IP address, for limits: of an IPv6 client its network, as it picks addresses in there at will.

    Each proxy appends to X-Forwarded-For whom it heard from, and anybody can send that header: only the
    last TRUSTED_PROXY_COUNT entries were written by proxies of ours, so the first of these is the client.
    """
    direct = request.META.get("REMOTE_ADDR", "")
    count = settings.TRUSTED_PROXY_COUNT
    entries = [entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    forwarded = _address_or_network(entries[-count]) if 0 < count <= len(entries) else None
    return forwarded or _address_or_network(direct) or direct


def _address_or_network(text: str) -> str | None:
    """One spelling for whoever shares a limit; None for what is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), NETWORK_BITS), strict=False).network_address)
