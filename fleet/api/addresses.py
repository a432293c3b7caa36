"""Addresses in a city, to find the vehicles around one."""

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from accounts.api_access.models import Scope
from cities.api import PlaceOut, city_or_404, represent_place
from cities.geocoder import search_addresses
from cities.places import MAX_SEARCH_LENGTH
from movr_project.api.authentication import scope
from movr_project.api.pagination import Collection, Paging, paged

router = Router()


@router.get(
    "/cities/{slug}/addresses",
    auth=scope(Scope.RIDES, Scope.BOOKINGS),
    response=Collection[PlaceOut],
    summary="Search for an address",
)
def list_addresses(
    request: HttpRequest,
    slug: str,
    paging: Query[Paging],
    q: str = Query("", max_length=MAX_SEARCH_LENGTH, description="What a person has typed, as a whole."),
) -> HttpResponse:
    """The list is empty if the operator has no geocoder. Searches count towards the page's limit per hour."""
    city, text = city_or_404(slug), " ".join(q.split())
    spots = search_addresses(city, text, searcher=str(request.auth.id)) if text else []
    return paged(request, spots, paging, represent_place)
