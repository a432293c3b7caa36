"""The address of a request's client, as far as it can be trusted."""

import re
from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

MAX_ADDRESS_LENGTH = 80  # characters: an IPv6 address with an interface, in brackets, and a port
# Some proxies include the port: 203.0.113.9:443, [2001:db8::1]:443, [2001:db8::1].
WITH_PORT = re.compile(
    r"(?P<v4>[0-9.]+):[0-9]{1,5}|\[(?P<v6>[0-9A-Fa-f]*:[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\](?::[0-9]{1,5})?"
)
NETWORK_BITS = 64  # the smallest IPv6 network that a customer gets


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address for rate limits. For IPv6, return its /64 network, as clients choose the rest.

    Each proxy appends the address it was contacted from to X-Forwarded-For. Clients can send the header too, so only
    the last TRUSTED_PROXY_COUNT entries, written by our own proxies, are trusted. The first of these is the client.
    """
    direct = request.META.get("REMOTE_ADDR", "")
    count = settings.TRUSTED_PROXY_COUNT
    entries = request.META.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", count) if count > 0 else []
    forwarded = _address_or_network(entries[-count]) if 0 < count <= len(entries) else None
    return forwarded or _address_or_network(direct) or direct


def _address_or_network(text: str) -> str | None:
    """Return an address in canonical form, or None if it is invalid."""
    text = text.strip()
    if len(text) > MAX_ADDRESS_LENGTH:
        return None
    if match := WITH_PORT.fullmatch(text):
        text = match["v4"] or match["v6"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), NETWORK_BITS), strict=False).network_address)
