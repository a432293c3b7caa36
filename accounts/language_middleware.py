from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from movr_project.web.clocks import clock_of_browser, reader_clock


class LanguageMiddleware:
    """Activate the account's language, else the device's, else the browser's; and the browser's clock.

    Responses that set ``Content-Language`` themselves are the same for everyone. All others get a Vary header, so that
    caches keep languages apart.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        clock = clock_of_browser(request.headers.get("Accept-Language", ""))
        with translation.override(_language_of(request)), reader_clock(clock):
            response = self.get_response(request)
            if "Content-Language" not in response:
                response["Content-Language"] = translation.get_language()
                patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response


def _language_of(request: HttpRequest) -> str:
    chosen = request.user.language if request.user.is_authenticated else ""
    if chosen in dict(settings.LANGUAGES):  # the language may have been removed
        return chosen
    return translation.get_language_from_request(request)  # from the cookie, then Accept-Language
