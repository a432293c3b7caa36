"""MovR as an installable app: manifest, service worker and offline pages.

None of it depends on the user, as browsers cache it.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

GREEN, YELLOW = "#12201a", "#d6f24b"
HOUR = 60 * 60
# The files that the offline pages need.
KEPT_FILES = [
    "vendor/bootstrap-5.3.8/bootstrap.min.css",
    "css/movr.css",
    "css/tokens.css",
    "css/tokens-dark.css",
    "css/base.css",
    "css/forms.css",
    "css/layout.css",
    "js/offline.js",
    "img/favicon.svg",
    "img/movr.svg",
]


@login_not_required
@require_safe
@cache_control(public=True, max_age=HOUR)
def manifest(request: HttpRequest) -> HttpResponse:
    """Return the web app manifest (W3C)."""
    return JsonResponse(
        {
            "id": "/",
            "name": "MovR",
            "short_name": "MovR",
            "description": _("Bikes, scooters, cars and trucks, shared by the people of your city."),
            "lang": get_language(),
            "dir": "auto",
            "start_url": reverse("fleet:vehicle_list"),
            "scope": "/",
            "display": "standalone",
            "theme_color": GREEN,
            "background_color": GREEN,
            "categories": ["travel", "navigation"],
            "icons": [
                _icon("icon-192.png", 192, "any"),
                _icon("icon-512.png", 512, "any"),
                _icon("maskable-192.png", 192, "maskable"),
                _icon("maskable-512.png", 512, "maskable"),
            ],
            "shortcuts": [
                {"name": _("Enter the code on the label"), "url": reverse("fleet:vehicle_code")},
                {"name": _("My rides"), "url": reverse("rides:ride_list")},
            ],
        },
        content_type="application/manifest+json",
    )


def _icon(name: str, size: int, purpose: str) -> dict[str, str]:
    return {"src": static(f"img/icons/{name}"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}


@login_not_required
@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """Serve the service worker from the root, so that its scope is the whole site. Browsers always revalidate it."""
    return HttpResponse(_service_worker(get_language()), content_type="text/javascript")


@cache
def _service_worker(language: str) -> str:
    """Render the worker. Its version changes with the language and with any file that it caches."""
    pages = {"offline": reverse("offline"), "notSent": reverse("offline_form")}
    pages = {name: f"{url}?language={language}" for name, url in pages.items()}
    shown = {"icon": static("img/icons/icon-192.png"), "notifications": reverse("notifications:notification_list")}
    config = {**pages, **shown, "files": [static(name) for name in KEPT_FILES]}
    source = Path(__file__).with_name("service-worker.js").read_text()
    with override(language):
        kept = [render_to_string("offline.html"), render_to_string("offline_form.html")]
    parts = [source, json.dumps(config), *kept]
    version = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    return f"const KEPT = {json.dumps({'version': version, **config})};\n{source}"


@login_not_required
@require_safe
@cache_control(no_cache=True)
def offline(request: HttpRequest) -> HttpResponse:
    """Render the page that the service worker shows when a page can't be fetched."""
    return _kept_page(request, "offline.html")


@login_not_required
@require_safe
@cache_control(no_cache=True)
def offline_form(request: HttpRequest) -> HttpResponse:
    """Render the page that the service worker shows when a form can't be submitted."""
    return _kept_page(request, "offline_form.html")


def _kept_page(request: HttpRequest, template: str) -> HttpResponse:
    """Render in the URL's language: the service worker fetches it without cookies."""
    language = request.GET.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponse(render_to_string(template))
    with override(language):
        return HttpResponse(render_to_string(template), headers={"Content-Language": language})
