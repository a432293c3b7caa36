from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def safe_next(request: HttpRequest) -> str:
    """The ``next`` that a form or link brings along if it is a path of this site, else "" (defect BB1).

    A bare word is none: ``redirect()`` would take it for the name of a view.
    """
    target = request.POST.get("next") or request.GET.get("next", "")
    return target if is_path_of_ours(target) else ""


def is_path_of_ours(target: str) -> bool:
    return target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)


def page_to_return_to(request: HttpRequest) -> str:
    """Where somebody goes on after a detour (logging in, accepting terms).

    An address that a form was sent to may take no GET: then it is the page the form stood on, as far as the
    browser tells.
    """
    if request.method in SAFE_METHODS:
        return request.get_full_path()
    referrer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referrer, allowed_hosts={request.get_host()}):
        return reverse("home")
    page = urlsplit(referrer)._replace(scheme="", netloc="", fragment="").geturl()
    return page if page.startswith("/") else reverse("home")


def posted(request: HttpRequest) -> QueryDict | None:
    """The data of a form that was sent, for the form's constructor: an empty POST is a sent form too."""
    return request.POST if request.method == "POST" else None
