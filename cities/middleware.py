from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from .location import current_city


class CurrentCityMiddleware:
    """Set ``request.city`` (a ``City``) and ``request.current_city`` (how it was determined).

    Both are lazy, so that requests that need no city pay nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.current_city = SimpleLazyObject(lambda: current_city(request))
        request.city = SimpleLazyObject(lambda: request.current_city.city)
        return self.get_response(request)
