from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def safe_next(request: HttpRequest) -> str:
    """The ``next`` that a form or link brings along if it is a path of this site, else "" (defect BB1).

    A bare word is none: ``redirect()`` would take it for the name of a view.
    """
    target = request.POST.get("next") or request.GET.get("next", "")
    is_path = target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if is_path else ""
