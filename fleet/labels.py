"""What stands on a vehicle: its code, and a QR code that leads to it."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from cities.models import City
from cities.registry import registry

from .models import CITY_CODE_LENGTH, CODE_DIGITS, Vehicle

# What people read where a label says something else. A city's code is letters alone; of the rest, the
# alphabet of codes has neither of the two that look alike.
IN_CITY_CODE = {"0": "O", "1": "IL", "2": "Z", "5": "S", "8": "B", "I": "IL", "L": "LI"}
IN_DIGITS = {"0": "DQ", "O": "DQ", "1": "7JT", "I": "7JT", "L": "7JT", "U": "V"}


@dataclass(frozen=True)
class Label:
    """One vehicle's label, ready to be printed."""

    vehicle: Vehicle

    @property
    def city_part(self) -> str:
        return self.vehicle.code[:CITY_CODE_LENGTH]

    @property
    def digits(self) -> str:
        return self.vehicle.code[CITY_CODE_LENGTH:]

    @property
    def url(self) -> str:
        return settings.SITE_URL + reverse("fleet:vehicle_label", args=[self.vehicle.code])

    @property
    def address(self) -> str:
        """Where the code can be typed in, as people write addresses."""
        return settings.SITE_URL.partition("://")[2] + reverse("fleet:vehicle_code")

    @property
    def qr_code(self) -> SafeString:
        """An SVG without style; a quarter of it may be scratched off."""
        code = segno.make(self.url, error="q", micro=False)
        return mark_safe(code.svg_inline(omitsize=True, border=4))


@dataclass(frozen=True)
class ReadCode:
    """A code as somebody typed it: the city it names, and what its characters may mean there."""

    city: City
    typed: str
    readings: list[str]  # those that can stand on a label


class UnreadableCodeError(ValueError):
    """Its message is for the person."""


def read_code(text: str, *, here: City) -> ReadCode:
    """Read what somebody typed off a label: in any case, with spaces, hyphens or the whole address around it.

    Without the letters of a city it is taken to be ``here``. Raises ``UnreadableCodeError``.
    """
    text = unicodedata.normalize("NFKC", text)
    _before, marker, behind = text.partition("/v/")
    code = re.sub(r"[^A-Z0-9]", "", (behind if marker else text).upper())
    if len(code) == CODE_DIGITS:
        code = here.code + code
    if len(code) != CITY_CODE_LENGTH + CODE_DIGITS:
        raise UnreadableCodeError(_("A code has eight letters and digits, such as PAR7K3M2."))
    heads = _readings(code[:CITY_CODE_LENGTH], IN_CITY_CODE)
    city = next(filter(None, map(registry.with_code, heads)), None)
    if city is None:
        sentence = _("No city of ours has codes that begin with %(letters)s.")
        raise UnreadableCodeError(sentence % {"letters": code[:CITY_CODE_LENGTH]})
    readings = _readings(code[CITY_CODE_LENGTH:], IN_DIGITS)
    return ReadCode(city, code, [city.code + digits for digits in readings])


def _readings(text: str, confusions: dict[str, str]) -> Iterable[str]:
    return ("".join(letters) for letters in product(*(confusions.get(letter, letter) for letter in text)))
