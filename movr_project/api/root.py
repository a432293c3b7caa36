"""The root resource: where everything is."""

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from ninja import Field, Router, Schema

from .answers import answer
from .authentication import anyone, scope

router = Router(tags=["root"])
BASE = "/api/v1"


class Root(Schema):
    links: dict[str, str] = Field(alias="_links")


class Session(Schema):
    username: str
    csrf_token: str


@router.get("/", auth=anyone, response=Root, summary="What there is")
def root(request: HttpRequest) -> HttpResponse:
    paths = [
        "bookings",
        "cities",
        "notifications",
        "profile",
        "reports",
        "reservations",
        "rides",
        "session",
        "tokens",
        "users",
        "vehicles",
    ]
    links = {name: f"{BASE}/{name}" for name in paths}
    return answer({"_links": {"self": f"{BASE}/", "openapi": f"{BASE}/openapi.json", "docs": f"{BASE}/docs"} | links})


@router.get("/session", auth=scope(terms=False), response=Session, summary="The CSRF token of a browser app")
def session(request: HttpRequest) -> HttpResponse:
    """For browser apps that use cookies: who is logged in, and the `X-CSRFToken` to send with writes."""
    return answer({"username": request.user.username, "csrf_token": get_token(request)}, Cache_Control="no-store")
