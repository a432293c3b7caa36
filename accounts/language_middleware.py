from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation


class LanguageMiddleware:
    """Each page in the language its reader chose in the profile, else in the one the browser asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.user.language if request.user.is_authenticated else ""
        with translation.override(chosen or translation.get_language_from_request(request)):
            response = self.get_response(request)
            response.setdefault("Content-Language", translation.get_language())
        return response
