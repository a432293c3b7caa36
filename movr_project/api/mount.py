"""The API at ``/api/v1/``: every app's router, with what holds for all of their endpoints."""

from collections.abc import Callable, Iterator
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, include, path, re_path
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import gettext as _
from django.views.generic import RedirectView
from ninja import NinjaAPI
from ninja.operation import Operation, PathView

from accounts.api import router as people
from cities.api import router as cities
from community.api import router as community
from fleet.api import router as fleet
from notifications.api import router as notifications
from operations.api import router as reports
from rides.api import router as rides

from . import documentation, root
from .answers import etag_of_content
from .errors import ApiError, not_found, replace_handlers
from .requests import Body, StrictParser, body_of, check_request

View = Callable[..., HttpResponse]


class MovrAPI(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the function's name: clients that are generated from the document call their methods so."""
        return operation.view_func.__name__


api = MovrAPI(title="MovR", version="1", urls_namespace="api", openapi_url=None, docs_url=None, parser=StrictParser())
replace_handlers(api)
for router in (root.router, cities, people, notifications, fleet, rides, reports):
    api.add_router("", router)
if settings.COMMUNITY:
    api.add_router("", community)


def _patterns() -> Iterator[URLPattern]:
    """Yield ninja's URLs with ``_endpoint`` around each view."""
    for bound in api._get_bound_routers():
        views = [view for view in bound.path_operations.values() for _operation in view.operations]
        for view, pattern in zip(views, bound.urls_paths(bound.prefix), strict=True):
            pattern.callback = _endpoint(view, pattern.callback)
            yield pattern


def _endpoint(path_view: PathView, view: View) -> View:
    """Check the request before ninja's view, answer HEAD, and finish the response."""
    for operation in path_view.operations:
        operation.by_alias = True
    by_method = {method: operation for operation in path_view.operations for method in operation.methods}
    parameters = {method: _parameters(operation) for method, operation in by_method.items()}
    bodies = {method: body_of(operation.view_func) for method, operation in by_method.items()}

    @login_not_required  # the endpoint's own authentication answers with 401
    @wraps(view)
    def endpoint(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        method, is_head = request.method, request.method == "HEAD"
        request.method = "GET" if is_head else method
        try:
            check_request(request, parameters.get(request.method), bodies.get(request.method, Body()))
            response = view(request, *args, **kwargs)
            if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                raise _method_not_allowed(response)
        except ApiError as error:
            response = error.answer(request)
        finally:
            request.method = method
        return _finish(request, response)

    return endpoint


def _parameters(operation: Operation) -> frozenset[str]:
    """Return the names of the query parameters that an endpoint knows."""
    queries = (model for model in operation.models if model.__ninja_param_source__ == "query")
    return frozenset(name for model in queries for name in model.__ninja_flatten_map__)


def _method_not_allowed(response: HttpResponse) -> ApiError:
    allowed = {name.strip() for name in response["Allow"].split(",")}
    allow = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
    sentence = _("This address takes %(methods)s.") % {"methods": allow}
    return ApiError(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", sentence, headers={"Allow": allow})


def _finish(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Add what every response has: the limit's state, an ETag and 304 for reads, and what it depends on."""
    if usage := getattr(request, "api_usage", None):
        usage.describe_in(response)
    patch_vary_headers(response, ["Authorization", "Cookie", "Origin"])
    if request.method in ("GET", "HEAD") and response.status_code == HTTPStatus.OK:
        if "ETag" not in response:
            response["ETag"] = etag_of_content(response.content)
        if "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-cache"  # may be kept, but asked about each time
        return get_conditional_response(request, response["ETag"], None, response)
    if "Cache-Control" not in response:
        response["Cache-Control"] = "no-store"
    return response


@login_not_required
def unknown_address(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return not_found().answer(request)


v1 = [
    *_patterns(),
    path("openapi.json", documentation.openapi_json(api), name="openapi"),
    path("docs", documentation.docs, name="docs"),
]
app_name = "api"
urlpatterns = [
    path("v1", login_not_required(RedirectView.as_view(url=f"{root.BASE}/", permanent=True))),
    path("v1/", include(v1)),
    re_path("", unknown_address),
]
