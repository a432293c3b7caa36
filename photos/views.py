import uuid
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.two_factor import services as second_factor
from cities.models import City

from .errors import PhotoRefused
from .models import Photo, Subject
from .reading import content_of


@require_safe
def photo(request: HttpRequest, city: City, photo_id: uuid.UUID) -> HttpResponse:
    """Send a photo to the person who took it, and to staff who may see what it belongs to."""
    found = Photo.objects.filter(city=city.name, id=photo_id).first()
    if found is None or not _may_see(request, found):
        raise Http404
    try:
        return HttpResponse(content_of(found), content_type="image/jpeg")
    except PhotoRefused:
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)


def _may_see(request: HttpRequest, found: Photo) -> bool:
    user = request.user
    if (found.photographer_city, found.photographer_id) == (user.city, user.id):
        return True
    return user.has_perm(Subject(found.subject).permission) and not second_factor.is_missing(request)
