"""A person's rides as GPX 1.1 (https://www.topografix.com/GPX/1/1/), for programs that show maps."""

import re
from collections.abc import Iterable
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from .models import Ride

NAMESPACE = "http://www.topografix.com/GPX/1/1"
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0, section 2.2


def gpx(rides: Iterable[Ride]) -> bytes:
    """Return a route from the start to the end of each ride of which both positions are known."""
    root = Element("gpx", {"xmlns": NAMESPACE, "version": "1.1", "creator": "MovR"})
    for ride in rides:
        if ride.start_position and ride.end_position:
            route = SubElement(root, "rte")
            _text(route, "name", ride.way)
            _point(route, ride.start_position, ride.start_time, ride.start_location)
            _point(route, ride.end_position, ride.end_time, ride.end_location)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def _point(route: Element, position: tuple[float, float], time: datetime | None, place: str) -> None:
    latitude, longitude = position
    point = SubElement(route, "rtept", {"lat": f"{latitude:.6f}", "lon": f"{longitude:.6f}"})
    if time is not None:
        _text(point, "time", time.isoformat())
    if place:
        _text(point, "name", place)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = NOT_IN_XML.sub("", text)
