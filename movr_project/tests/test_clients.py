"""The trusted client address."""

import pytest
from django.test import Client

from movr_project.web.clients import client_address

PROXY = "10.0.0.7"
NO_ADDRESSES = [
    "203.0.113.9:",
    "203.0.113.9:http",
    "203.0.113.9:123456",
    "203.0.113.999:443",
    "[2001:db8::1",
    "2001:db8::1]:443",
    "[203.0.113.9]:443",
    "[]:443",
    "1" * 100_000,
]


def address(rf, settings, count, forwarded=None):
    settings.TRUSTED_PROXY_COUNT = count
    headers = {"X-Forwarded-For": forwarded} if forwarded is not None else {}
    return client_address(rf.get("/", headers=headers, REMOTE_ADDR=PROXY))


@pytest.mark.parametrize(
    ("count", "forwarded", "expected"),
    [
        (0, "203.0.113.9", PROXY),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "192.0.2.1, 198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (1, "2001:DB8:0:1::0001", "2001:db8:0:1::"),
        (1, "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::"),
        (1, "2001:db8:0:2::1", "2001:db8:0:2::"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "fe80::1%eth0", "fe80::"),
        (1, " 203.0.113.9 ", "203.0.113.9"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (2, "198.51.100.1:80, 203.0.113.9:4711", "198.51.100.1"),
        (1, "[2001:db8:0:1::5]:4711", "2001:db8:0:1::"),
        (1, "[2001:db8:0:1::5]", "2001:db8:0:1::"),
        (1, "[::ffff:203.0.113.9]:4711", "203.0.113.9"),
        (1, "[fe80::1%eth0]:4711", "fe80::"),
    ],
    ids=[
        "no proxy: the header is anybody's",
        "one proxy",
        "what the client wrote itself stands to the left",
        "two proxies",
        "two proxies and a client's own entry",
        "one spelling of IPv6",
        "an address of the same network",
        "of another one",
        "IPv4 written as IPv6",
        "an interface's name",
        "spaces",
        "a port",
        "ports of both",
        "IPv6 and a port",
        "IPv6 in brackets",
        "IPv4 written as IPv6, and a port",
        "an interface's name, and a port",
    ],
)
def test_the_entry_that_the_outermost_proxy_wrote_is_believed(rf, settings, count, forwarded, expected):
    assert address(rf, settings, count, forwarded) == expected


@pytest.mark.parametrize("forwarded", [None, "", "unknown", "203.0.113.9, ", "<script>", "\x00", *NO_ADDRESSES])
def test_without_a_valid_entry_it_is_the_connecting_address(rf, settings, forwarded):
    assert address(rf, settings, 1, forwarded) == PROXY


def test_fewer_entries_than_proxies_are_not_believed(rf, settings):
    assert address(rf, settings, 2, "203.0.113.9") == PROXY


@pytest.mark.parametrize(
    ("direct", "expected"),
    [("2001:db8::5", "2001:db8::"), ("::ffff:203.0.113.9", "203.0.113.9"), ("203.0.113.9", "203.0.113.9"), ("", "")],
)
def test_someone_who_connected_directly_is_counted_by_network_too(rf, settings, direct, expected):
    settings.TRUSTED_PROXY_COUNT = 0
    assert client_address(rf.get("/", REMOTE_ADDR=direct)) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("one", "other"),
    [("203.0.113.{}:4711", "198.51.100.1:4711"), ("[2001:db8:0:{}::1]:4711", "[2001:db8:1:1::1]:4711")],
)
def test_wrong_passwords_lock_out_no_one_else_if_the_proxy_adds_ports(settings, one, other):
    settings.TRUSTED_PROXY_COUNT = 1
    settings.LOGINS_PER_HOUR = 3
    wrong = {"username": "nobody", "password": "wrong"}
    for _time in range(4):
        page = Client(headers={"X-Forwarded-For": one.format(7)}).post("/login/", wrong)
    assert page.status_code == 429
    assert (
        Client(headers={"X-Forwarded-For": one.format(7).replace("4711", "4712")}).post("/login/", wrong).status_code
        == 429
    )
    assert Client(headers={"X-Forwarded-For": other}).post("/login/", wrong).status_code == 200
