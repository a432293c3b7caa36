from django.http import HttpRequest, JsonResponse
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from ..forms.vehicles import VehicleFilterForm
from ..map import MapQuery, MapRefused, places_on_map


@require_safe
def vehicle_map(request: HttpRequest) -> JsonResponse:
    """Return the vehicles of the current city that a map shows, as JSON.

    ``?bbox=south,west,north,east&zoom=14`` and the list's filters, which are ignored if they are invalid. The response
    is ``{"places": [{"count": …, "lat": …, "lon": …, "id": …, "type": …, "battery": …, "own": …}, …], "sentence": …}``;
    a place with more than one vehicle is a group and ends with its position.
    """
    filters = VehicleFilterForm(request.GET, city=request.city).filters
    try:
        query = MapQuery.read(request.GET, request.city, filters)
    except MapRefused as refused:
        return JsonResponse({"code": refused.code, "message": str(refused)}, status=400)
    places = places_on_map(request.city, query, request.user)
    total = sum(place["count"] for place in places)
    sentence = ngettext("%(number)s vehicle on the map", "%(number)s vehicles on the map", total)
    data = {"places": places, "sentence": sentence % {"number": total}}
    return JsonResponse(data, json_dumps_params={"separators": (",", ":")})
