"""The files of the feeds and their data. GBFS 3.0, https://github.com/MobilityData/gbfs/blob/v3.0/gbfs.md

Each file is a row of ``FILES``. Prices and zones will add two: ``geofencing_zones``, and ``system_pricing_plans``,
which vehicle types then name as their ``default_pricing_plan_id``. GBFS 3.1 only adds optional fields to the same
URLs, such as reservation prices and fare caps of plans, and minimum ages of vehicle types.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone

from cities.models import City
from cities.registry import registry
from documents.current import Kind, documents
from fleet.models.choices import VehicleType

from ..localized import text_in
from ..models import Alert, System
from ..systems import systems
from .texts import Texts, language_tag, rfc3339, texts
from .vehicles import vehicle_status

VERSION = "3.0"
STATUS_TTL = 30  # seconds; the standard allows five minutes
DESCRIPTION_TTL = 300

Data = dict[str, Any]


@dataclass(frozen=True)
class File:
    """A file of the feed of each city."""

    name: str
    ttl: int  # seconds
    data: Callable[[City], Data]


def manifest(_city: None = None) -> Data:
    """Return all systems. The schema asks for ascending versions, of which there is one."""
    return {
        "datasets": [
            {"system_id": systems.of(city).system_id, "versions": [{"version": VERSION, "url": file_url(city, "gbfs")}]}
            for city in registry
        ]
    }


def gbfs(city: City) -> Data:
    return {"feeds": [{"name": name, "url": file_url(city, name)} for name in FILES]}


def system_information(city: City) -> Data:
    system = systems.of(city)
    said = {
        "operator": _same(system, system.operator),
        "url": system.url or settings.SITE_URL,
        "start_date": system.start_date and system.start_date.isoformat(),
        "email": system.email,
        "phone_number": system.phone_number,
        "license_id": system.license_id,
        "license_url": system.license_url,
        "attribution_organization_name": _same(system, system.attribution),
        "attribution_url": system.attribution_url,
        "brand_assets": _brand(system),
        **_document(system, Kind.TERMS),
        **_document(system, Kind.PRIVACY),
    }
    return {
        "system_id": system.system_id,
        "languages": [language_tag(code) for code in system.languages],
        "name": texts(system.languages, lambda code: text_in(code, system.name)),
        "opening_hours": system.opening_hours,
        "feed_contact_email": system.feed_contact_email or f"feeds@{settings.SITE_HOST}",
        "timezone": city.time_zone,
        "manifest_url": settings.SITE_URL + reverse("gbfs:manifest"),
        **_without_empty(said),
    }


def vehicle_types(city: City) -> Data:
    return {"vehicle_types": [_vehicle_type(type_, systems.of(city)) for type_ in VehicleType]}


def system_regions(city: City) -> Data:
    """Return one region: the city."""
    name = texts(systems.of(city).languages, lambda _code: city)
    return {"regions": [{"region_id": city.slug, "name": name}]}


def system_alerts(city: City) -> Data:
    system = systems.of(city)
    alerts = Alert.objects.in_city(city.name).not_over(timezone.now()).in_order()
    return {"alerts": [_alert(alert, system) for alert in alerts]}


def _vehicle_type(type_: VehicleType, system: System) -> Data:
    made: Data = {
        "vehicle_type_id": type_.value,
        "form_factor": type_.form_factor.value,
        "propulsion_type": type_.propulsion.value,
        "name": texts(system.languages, lambda _code: type_.label),
        "default_reserve_time": settings.RESERVATION_MINUTES,
        "return_constraint": "free_floating",
    }
    return made | ({"max_range_meters": type_.full_range_m} if type_.is_motorised else {})


def _alert(alert: Alert, system: System) -> Data:
    end = {"end": rfc3339(alert.ends_at)} if alert.ends_at else {}
    said = {
        "url": _same(system, alert.url),
        "description": alert.description and texts(system.languages, lambda code: text_in(code, alert.description)),
    }
    return {
        "alert_id": str(alert.id),
        "type": alert.type,
        "times": [{"start": rfc3339(alert.starts_at), **end}],
        "summary": texts(system.languages, lambda code: text_in(code, alert.summary)),
        "last_updated": rfc3339(alert.updated_at),
        **_without_empty(said),
    }


def _brand(system: System) -> Data:
    return {
        "brand_last_modified": system.brand_last_modified.isoformat(),
        "brand_image_url": system.brand_image_url or settings.SITE_URL + static("img/movr.svg"),
        **_without_empty(
            {
                "brand_image_url_dark": system.brand_image_url_dark,
                "color": system.brand_color,
                "brand_terms_url": system.brand_terms_url,
            }
        ),
    }


def _document(system: System, kind: Kind) -> Data:
    """Return the URL of a document in its current version, and its date."""
    document = documents.current(kind)
    if document is None:
        return {}
    return {
        f"{kind}_url": _same(system, settings.SITE_URL + reverse(f"documents:{kind}")),
        f"{kind}_last_updated": document.published_at.date().isoformat(),
    }


def _same(system: System, text: str) -> Texts:
    """Return a text that is the same in all languages, or nothing if it is empty."""
    return texts(system.languages, lambda _code: text) if text else []


def _without_empty(values: Data) -> Data:
    return {name: value for name, value in values.items() if value}


def file_url(city: City, name: str) -> str:
    return settings.SITE_URL + reverse("gbfs:file", args=[city, name])


MANIFEST = File("manifest", DESCRIPTION_TTL, manifest)
FILES = {
    file.name: file
    for file in (
        File("gbfs", DESCRIPTION_TTL, gbfs),
        File("system_information", DESCRIPTION_TTL, system_information),
        File("vehicle_types", DESCRIPTION_TTL, vehicle_types),
        File("vehicle_status", STATUS_TTL, vehicle_status),
        File("system_regions", DESCRIPTION_TTL, system_regions),
        File("system_alerts", STATUS_TTL, system_alerts),
    )
}
