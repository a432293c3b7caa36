"""Clients of the API."""

from typing import Any
from uuid import uuid4

from django.test import Client

from accounts.api_access.models import ApiClient, Scope
from accounts.api_access.services import (
    DEFAULT_LIFETIME,
    ORGANISATION,
    PERSONAL,
    make_token,
    new_secret,
    with_secret,
)
from accounts.models import User

JSON = "application/json"


class JsonClient(Client):
    """Django's test client, sending JSON unless told otherwise."""

    def post(self, path: str, data: Any = None, content_type: str = JSON, **extra: Any) -> Any:
        return super().post(path, {} if data is None else data, content_type, **extra)

    def put(self, path: str, data: Any = "", content_type: str = JSON, **extra: Any) -> Any:
        return super().put(path, data, content_type, **extra)

    def patch(self, path: str, data: Any = "", content_type: str = JSON, **extra: Any) -> Any:
        return super().patch(path, data, content_type, **extra)


def token_of(person: User, *scopes: str) -> str:
    """Return a new token of a person, with all scopes unless some are given."""
    secret = new_secret(PERSONAL)
    make_token(
        user=person, id_=uuid4(), secret=secret, name="test", scopes=scopes or Scope.values, lifetime=DEFAULT_LIFETIME
    )
    return secret


def api_client(person: User | None = None, *scopes: str) -> JsonClient:
    """Return a client with a token of a person, or without any."""
    return JsonClient(headers={"Authorization": f"Bearer {token_of(person, *scopes)}"} if person else {})


def organisations_client(cities: list[str], *scopes: str) -> JsonClient:
    """Return a client with an organisation's credential for some cities."""
    secret = new_secret(ORGANISATION)
    with_secret(ApiClient(name="test", scopes=scopes or Scope.values, cities=cities), secret).save()
    return JsonClient(headers={"Authorization": f"Bearer {secret}"})
