import re
import time
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from cities.models import City
from fleet.views.addresses import moved_on
from fleet.views.permissions import visible_vehicles
from fleet.views.vehicles import detail_page
from movr_project.web.access import terms_not_required

from .files import FILES, MANIFEST, File
from .published import published

ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|\Z))")


@login_not_required
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    return send(request, MANIFEST, None)


@login_not_required
@require_safe
def file(request: HttpRequest, city: City, name: str) -> HttpResponse:
    if name not in FILES:
        raise Http404
    return send(request, FILES[name], city)


def send(request: HttpRequest, file: File, city: City | None) -> HttpResponse:
    """Send a file or, to those who have it already, 304.

    ``Age`` lets caches keep it until its period is over, instead of for its ``ttl`` from now on.
    """
    found = published(file, city)
    encoding = {"Content-Encoding": "gzip"} if ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")) else {}
    body = found.gzipped if encoding else found.body
    always = {"Age": str(max(0, int(time.time()) - found.since)), "Access-Control-Allow-Origin": "*"}
    response = HttpResponse(
        b"" if request.method == "HEAD" else body,
        headers={**found.headers, **encoding, "Content-Length": str(len(body))},
    )
    response = get_conditional_response(request, found.etag, found.since, response)
    for name, value in always.items():
        response[name] = value
    return response


@terms_not_required
@login_not_required
@require_safe
def rental(request: HttpRequest, city: City, public_id: UUID) -> HttpResponse:
    """Show the vehicle of a rental link, on a page that asks those who are not logged in to log in.

    Only its current public ID finds it.
    """
    vehicle = visible_vehicles(request).in_city(city.name).filter(public_id=public_id).first()
    if vehicle is None:
        return moved_on(request, city)
    return redirect(vehicle) if request.user.is_authenticated else detail_page(request, vehicle)
