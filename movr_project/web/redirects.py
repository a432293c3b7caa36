from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_tasks import TaskResult

from ..db.keys import CityKeyValue
from .limits import MAX_PATH_LENGTH

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def safe_next(request: HttpRequest) -> str:
    """Return the ``next`` parameter if it is a path of this site, else "".

    Reject a bare word, which ``redirect()`` would take as the name of a view.
    """
    target = request.POST.get("next") or request.GET.get("next", "")
    return target if is_path_of_ours(target) else ""


def is_path_of_ours(target: str) -> bool:
    return (
        len(target) <= MAX_PATH_LENGTH
        and target.startswith("/")
        and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    )


def page_to_return_to(request: HttpRequest) -> str:
    """Return where to go after a detour such as logging in or accepting terms.

    The target of a submitted form may not accept GET, so return to the page that contained the form, according to
    the Referer header.
    """
    if request.method in SAFE_METHODS:
        return request.get_full_path()
    referrer = request.headers.get("Referer", "")
    if len(referrer) > MAX_PATH_LENGTH or not url_has_allowed_host_and_scheme(
        referrer, allowed_hosts={request.get_host()}
    ):
        return reverse("home")
    page = urlsplit(referrer)._replace(scheme="", netloc="", fragment="").geturl()
    return page if page.startswith("/") else reverse("home")


def post_data(request: HttpRequest) -> QueryDict | None:
    """Return POST data for a form's constructor, or None. An empty POST also counts as submitted."""
    return request.POST if request.method == "POST" else None


def redirect_to_job(result: TaskResult) -> HttpResponseRedirect:
    """Redirect to the page with the progress of a job that was just enqueued."""
    _city, job_id = CityKeyValue.parse(result.id)
    return HttpResponseRedirect(reverse("jobs:job", args=[job_id]))
