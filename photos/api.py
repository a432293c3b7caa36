"""What the endpoints for photos of rides and of reports have in common."""

from io import BytesIO
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from movr_project.api.errors import invalid, not_found
from movr_project.api.requests import takes_body

from .models import Photo
from .pictures import MAX_BYTES, TYPES, Picture, read_picture
from .reading import content_of
from .services import count_photo

takes_photo = takes_body(*TYPES.values(), max_bytes=MAX_BYTES)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
PHOTO_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": dict.fromkeys(TYPES.values(), _BINARY)},
}
PHOTO_ANSWER: dict[str, Any] = {
    "responses": {200: {"description": "A JPEG file", "content": {"image/jpeg": _BINARY}}},
}


def picture_in(request: HttpRequest) -> Picture:
    """Return the picture in the body of a person's request. 422 if there is none, 429 above PHOTOS_PER_HOUR."""
    count_photo(request.auth.user)
    content = request.read(MAX_BYTES + 1)  # `request.body` is for JSON, with a lower limit
    try:
        return read_picture(BytesIO(content), size=len(content))
    except ValidationError as error:
        raise invalid({"field": None, "in": "body", "code": error.code, "message": error.message}) from None


def photo_answer(photo: Photo | None) -> HttpResponse:
    if photo is None:
        raise not_found()
    return HttpResponse(content_of(photo), content_type="image/jpeg")
