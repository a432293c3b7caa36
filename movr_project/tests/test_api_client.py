"""A client that knows the OpenAPI document and nothing else: its methods are the document's operations."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.tests.factories import PASSWORD
from fleet.tests.factories import VehicleFactory
from rides.models import Ride

pytestmark = pytest.mark.django_db

OPENAPI = "/api/v1/openapi.json"


class GeneratedClient:
    """``client.read_city(slug="paris")``: arguments are put where the document says, as parameters or in the body."""

    def __init__(self, document: dict[str, Any]):
        self.http = Client()
        self.credentials: dict[str, str] = {}
        self.schemas = document["components"]["schemas"]
        self.schemes = document["components"]["securitySchemes"]
        self.operations = {
            details["operationId"]: (method, path, details)
            for path, methods in document["paths"].items()
            for method, details in methods.items()
        }

    def log_in(self, name: str, password: str) -> None:
        self.credentials["basic"] = base64.b64encode(f"{name}:{password}".encode()).decode()

    def __getattr__(self, name: str) -> Any:
        return lambda **arguments: self._call(*self.operations[name], arguments)

    def _call(self, method: str, path: str, details: dict[str, Any], arguments: dict[str, Any]) -> Any:
        headers = self._authorization(details)
        query = {}
        for parameter in details["parameters"]:
            value = arguments.pop(parameter["name"], None)
            if value is None:
                assert not parameter["required"], parameter["name"]
            elif parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", str(value))
            else:
                {"query": query, "header": headers}[parameter["in"]][parameter["name"]] = value
        body = json.dumps(arguments) if "requestBody" in details else ""
        assert body or not arguments
        url, kind = f"{path}?{urlencode(query)}", "application/json" if body else ""
        response = self.http.generic(method.upper(), url, body, content_type=kind, headers=headers)
        assert str(response.status_code) in details["responses"]
        assert response.status_code < 300, response.content
        return self._checked(response, details["responses"][str(response.status_code)])

    def _authorization(self, details: dict[str, Any]) -> dict[str, str]:
        for requirement in details.get("security", []):
            for name in requirement:
                scheme = self.schemes[name].get("scheme")
                if scheme in self.credentials:
                    return {"Authorization": f"{scheme.title()} {self.credentials[scheme]}"}
        return {}

    def _checked(self, response: Any, described: dict[str, Any]) -> Any:
        if not response.content:
            return None
        schema = described["content"]["application/json"]["schema"]
        data = response.json()
        assert set(self.schemas[schema["$ref"].rpartition("/")[2]]["required"]) <= set(data)
        return data


def test_a_client_that_knows_only_the_document_rides_a_vehicle(rider):
    VehicleFactory()
    client = GeneratedClient(Client().get(OPENAPI).json())
    client.log_in(rider.username, PASSWORD)
    client.credentials["bearer"] = client.create_token(name="generated", scopes=["rides", "profile"])["token"]
    city = client.read_profile()["city"]
    [vehicle] = client.list_vehicles(slug=city, available="true", per_page=1)["items"]
    ride = client.begin_ride(city=city, vehicle=vehicle["id"], **{"Idempotency-Key": "my-first-ride"})
    assert ride["unlock"]["code"]
    assert client.list_rides(open="true")["items"] == [ride]
    ended = client.finish_ride(slug=ride["city"], id=ride["id"], location="Louvre")
    assert ended["ended_at"] > ended["started_at"]
    assert client.read_ride(slug=ride["city"], id=ride["id"]) == ended
    client.revoke_current_token()
    assert Ride.objects.get().end_location == "Louvre"
