"""Read the feeds as their consumers do: by their URLs, as served."""

import json
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
from django.test import Client
from gbfs_validator import GBFS


class Served:
    """Fetch URLs of this site for the validator, as ``gbfs_validator.fetch.Fetcher`` does."""

    def get_json(self, url: str) -> Any:
        response = Client().get(urlsplit(url).path)
        assert response.status_code == 200, url
        return json.loads(response.content)

    def prime_oauth(self) -> None:
        """The feeds need no authentication."""


def feed(name: str, city: str = "paris") -> Any:
    return Served().get_json(f"/gbfs/v3/{city}/{name}.json")


def vehicles(city: str = "paris") -> list[dict[str, Any]]:
    return feed("vehicle_status", city)["data"]["vehicles"]


def complaints_about(city: str) -> list[Any]:
    """Return what the official rules, ported to Python, find wrong with a city's feed and the manifest."""
    report = GBFS(f"/gbfs/v3/{city}/gbfs.json", freefloating=True, fetcher=Served()).validation()
    assert report["summary"]["version"] == {"detected": "3.0", "validated": "3.0"}
    return [file for file in report["files"] if file.get("errorsCount") or (file["required"] and not file["exists"])]


@cache
def validator_of(name: str) -> Any:
    """Return a second validator: another implementation of JSON Schema, with formats."""
    path = files("gbfs_validator") / "data" / "schemas" / "v3.0" / f"{name}.json"
    return jsonschema_rs.validator_for(json.loads(path.read_text()), validate_formats=True)
