"""MovR as an installed app: its manifest, its service worker and the pages for when there is no connection.

Nothing in here is about the person who asks: a browser keeps it.
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
# What the pages for when there is no connection are made of.
KEPT_FILES = [
    "vendor/bootstrap-5.3.8/bootstrap.min.css",
    "css/movr.css",
    "css/movr-dark.css",
    "js/offline.js",
    "img/favicon.svg",
    "img/movr.svg",
]


@login_not_required
@require_safe
@cache_control(public=True, max_age=HOUR)
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to know to put MovR among its apps."""
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
                {"name": _("Type the code on the label"), "url": reverse("fleet:vehicle_code")},
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
    """Served from the root, so that it stands before every page; browsers ask each time if there is a newer one."""
    return HttpResponse(_service_worker(get_language()), content_type="text/javascript")


@cache
def _service_worker(language: str) -> str:
    """Another version as soon as anything that it keeps is another: the language, too."""
    pages = {"offline": reverse("offline"), "notSent": reverse("offline_form")}
    pages = {name: f"{url}?language={language}" for name, url in pages.items()}
    config = {**pages, "files": [static(name) for name in KEPT_FILES]}
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
    """Shown by the service worker instead of a page that could not be fetched."""
    return _kept_page(request, "offline.html")


@login_not_required
@require_safe
@cache_control(no_cache=True)
def offline_form(request: HttpRequest) -> HttpResponse:
    """Shown by the service worker when a form got no answer."""
    return _kept_page(request, "offline_form.html")


def _kept_page(request: HttpRequest, template: str) -> HttpResponse:
    """In the language of the address: the service worker asks for it without cookies."""
    language = request.GET.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponse(render_to_string(template))
    with override(language):
        return HttpResponse(render_to_string(template), headers={"Content-Language": language})
