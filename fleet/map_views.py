from django.http import HttpRequest, JsonResponse
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from .map import MapQuery, MapRefused, places_on_map


@require_safe
def vehicle_map(request: HttpRequest) -> JsonResponse:
    """The vehicles of the current city that a map shows, for its script.

    ``?bbox=south,west,north,east&zoom=14&type=bike&available=on``. Each place is
    ``[vehicles, free ones, latitude, longitude, code, type, battery]``; more than one vehicle is a group, and
    what follows its position means nothing.
    """
    try:
        query = MapQuery.read(request.GET, request.city)
    except MapRefused as refused:
        return JsonResponse({"code": refused.code, "message": str(refused)}, status=400)
    places = places_on_map(request.city, query, request.user)
    total = sum(place[0] for place in places)
    sentence = ngettext("%(number)s vehicle on the map", "%(number)s vehicles on the map", total)
    return JsonResponse({"places": places, "sentence": sentence % {"number": total}})
