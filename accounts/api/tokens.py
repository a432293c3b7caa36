"""Tokens: made with a name and a password, listed, and revoked."""

import base64
import binascii
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from ninja.security.base import AuthBase
from pydantic import ConfigDict, field_validator

from movr_project.api.answers import answer, created, no_content
from movr_project.api.authentication import Caller, scope
from movr_project.api.errors import BASIC_CHALLENGE, not_found, unauthorized
from movr_project.api.limits import count_address, count_use
from movr_project.api.pagination import Collection, Paging, paged
from movr_project.web.clients import client_address

from ..api_access.log_in import identify
from ..api_access.models import NAME_LENGTH, ApiToken, Scope
from ..api_access.services import (
    DEFAULT_LIFETIME,
    LONGEST_LIFETIME,
    PERSONAL,
    make_token,
    new_secret,
    revoke_token,
    valid_tokens,
)

router = Router()

CODE_HEADER = "X-Second-Factor"
MAX_HEADER_LENGTH = 4000
SECOND_FACTOR = {
    "parameters": [
        {
            "in": "header",
            "name": CODE_HEADER,
            "description": "A code from the app, or a recovery code, of those who have two-factor authentication.",
            "required": False,
            "schema": {"type": "string"},
        }
    ]
}
DEFAULT_SCOPES = [Scope.PROFILE, Scope.USERS_READ]


class TokenIn(Schema):
    model_config = ConfigDict(extra="forbid")

    name: str = Field("token", min_length=1, max_length=NAME_LENGTH, description="For your own list of tokens.")
    scopes: list[Scope] = Field(DEFAULT_SCOPES, min_length=1, max_length=len(Scope))
    expires_in: int = Field(
        int(DEFAULT_LIFETIME.total_seconds()),
        ge=60,
        le=int(LONGEST_LIFETIME.total_seconds()),
        description="How long the token is valid, in seconds.",
    )

    @field_validator("name")
    @classmethod
    def _visible(cls, name: str) -> str:
        if not name.isprintable() or not name.strip():
            raise ValueError("A name is visible.")
        return name.strip()


class TokenLinks(Schema):
    self: str


class TokenOut(Schema):
    id: uuid.UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    links: TokenLinks = Field(alias="_links")


class NewTokenOut(TokenOut):
    token: str = Field(description="Shown only now.")


class PasswordLogIn(AuthBase):
    """HTTP Basic authentication, with the second factor's code in ``X-Second-Factor`` where the person has one."""

    openapi_type = "http"
    openapi_scheme = "basic"
    openapi_description = "Username (or e-mail address) and password. Staff add the `X-Second-Factor` header."

    def __call__(self, request: HttpRequest) -> tuple[str, str]:
        """Return the name and the password. They are checked once the body is known to be valid."""
        count_address(request)
        count_use(request, client_address(request))
        return _credentials(request.META.get("HTTP_AUTHORIZATION", ""))


def _credentials(header: str) -> tuple[str, str]:
    kind, _space, encoded = header.partition(" ")
    try:
        if kind.lower() != "basic" or len(encoded) > MAX_HEADER_LENGTH:
            raise ValueError(kind)
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error) as error:
        raise unauthorized(challenge=BASIC_CHALLENGE, detail="Authorization: Basic …") from error
    if not colon:
        raise unauthorized(challenge=BASIC_CHALLENGE, detail="Authorization: Basic …")
    return name, password


def represent(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "_links": {"self": f"/api/v1/tokens/{token.id}"},
    }


@router.post(
    "/tokens", auth=PasswordLogIn(), response={201: NewTokenOut}, summary="Make a token", openapi_extra=SECOND_FACTOR
)
def create_token(request: HttpRequest, data: TokenIn = TokenIn()) -> HttpResponse:  # noqa: B008  (ninja reads it)
    """Log in with a name and a password, and get a token. It is shown only now.

    Tokens end when they expire or are revoked, and with the person's sessions: on a new password, on logging out
    everywhere, and when the account is suspended or deleted.
    """
    name, password = request.auth
    scopes = {scope.value for scope in data.scopes}
    user = identify(request, name, password, request.headers.get(CODE_HEADER, ""), scopes)
    secret = new_secret(PERSONAL)
    token = make_token(
        user=user,
        id_=uuid.uuid4(),
        secret=secret,
        name=data.name,
        scopes=scopes,
        lifetime=timedelta(seconds=data.expires_in),
    )
    return created(represent(token) | {"token": secret}, f"/api/v1/tokens/{token.id}")


create_token.keeps_answer = False  # its answer is a secret, and there is no harm in a second token


@router.get("/tokens", auth=scope("profile", terms=False), response=Collection[TokenOut], summary="List own tokens")
def list_tokens(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    return paged(request, valid_tokens(request.auth.user), paging, represent)


@router.get("/tokens/current", auth=scope(terms=False), response=TokenOut, summary="Read the token that is sent")
def read_current_token(request: HttpRequest) -> HttpResponse:
    return answer(represent(_presented(request.auth)))


@router.delete(
    "/tokens/current", auth=scope(terms=False), response={204: None}, summary="Revoke the token that is sent"
)
def revoke_current_token(request: HttpRequest) -> HttpResponse:
    token = _presented(request.auth)
    revoke_token(user_id=token.user_id, token_id=token.id)
    return no_content()


@router.delete("/tokens", auth=scope(terms=False), response={204: None}, summary="Revoke the token that is sent")
def revoke_presented_token(request: HttpRequest) -> HttpResponse:
    """The same as `DELETE /tokens/current`."""
    return revoke_current_token(request)


@router.get("/tokens/{uuid:id}", auth=scope("profile", terms=False), response=TokenOut, summary="Read one's own token")
def read_token(request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002  (the name in the address)
    token = valid_tokens(request.auth.user).filter(id=id).first()
    if token is None:
        raise not_found()
    return answer(represent(token))


@router.delete("/tokens/{uuid:id}", auth=scope("profile", terms=False), response={204: None}, summary="Revoke a token")
def delete_token(request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    if not revoke_token(user_id=request.auth.user.id, token_id=id):
        raise not_found()
    return no_content()


def _presented(caller: Caller) -> ApiToken:
    if caller.token is None:
        raise not_found()
    return caller.token
