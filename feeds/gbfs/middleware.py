from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, URLResolver
from django.urls.resolvers import RegexPattern

from movr_project.web.middleware import FEEDS_PATH


class FeedMiddleware:
    """Answer requests for feeds here. They are the same for everyone, and need no session, language or compression.

    The views would give the same answer behind all other middleware, at ten times the cost and with ``Vary: Cookie``.
    Everything else goes on to them: other methods, and paths that do not exist.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.resolver = URLResolver(RegexPattern("^/"), "feeds.gbfs.urls")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(FEEDS_PATH) or request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        try:
            request.resolver_match = match = self.resolver.resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        return match.func(request, *match.args, **match.kwargs)
