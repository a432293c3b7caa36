"""Search for a place, to find the vehicles around it."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from cities.geocoder import GeocoderRefused, search_addresses
from cities.geography import Spot
from cities.places import MAX_SEARCH_LENGTH, search_places
from movr_project.web.live_parts import render_live
from throttling.services import Throttled

KEPT = ("type", "battery", "range", "from", "until", "view")  # filters of the list


@require_safe
def place_search(request: HttpRequest) -> HttpResponse:
    """Show the known places and addresses that match ``q``. With ``known``, while someone is typing, only places."""
    text = " ".join(request.GET.get("q", "")[:MAX_SEARCH_LENGTH].replace("\0", "").split())
    addresses: list[Spot] = []
    problem = ""
    if text and "known" not in request.GET:
        try:
            addresses = search_addresses(request.city, text, searcher=str(request.user.pk))
        except (GeocoderRefused, Throttled) as refused:
            problem = str(refused)
    found = [*search_places(request.city, text), *addresses]
    context = {
        "text": text,
        "found": [(spot.name, _url_around(request, spot)) for spot in found],
        "problem": problem,
    }
    return render_live(request, "fleet/place_search.html", "fleet/_places_found.html", context)


def _url_around(request: HttpRequest, spot: Spot) -> str:
    """Return the URL of the vehicles around a place, with the filters of the request."""
    kept = {name: request.GET[name] for name in KEPT if request.GET.get(name)}
    where = {"lat": f"{spot.latitude:.5f}", "lon": f"{spot.longitude:.5f}", "place": spot.name}
    return f"{reverse('fleet:vehicle_list')}?{urlencode(kept | where)}"
