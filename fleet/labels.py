"""Vehicle labels: a code, and a QR code of its URL."""

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

MAX_TYPED_LENGTH = 500  # people may paste the QR code's whole URL, with tracking parameters

# In a URL, possibly with parameters added by other programs.
IN_ADDRESS = re.compile(r"/v/(?:\?(?:[^#]*&)?code=)?(?P<code>[^/?#&]*)", re.IGNORECASE)
# As in messages: "Code: PAR7K3M2".
WORD_BEFORE = re.compile(r"^\W*(?:code|código|codigo)\b\W*", re.IGNORECASE)

# Characters that people misread. City codes contain only letters, and the alphabet of the other characters excludes
# pairs that look alike.
IN_CITY_CODE = {"0": "O", "1": "IL", "2": "Z", "5": "S", "8": "B", "I": "IL", "L": "LI"}
IN_DIGITS = {"0": "DQ", "O": "DQ", "1": "7JT", "I": "7JT", "L": "7JT", "U": "V"}


@dataclass(frozen=True)
class Label:
    """A vehicle's printable label."""

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
        """Return the URL at which the code can be entered, without its scheme."""
        return settings.SITE_URL.partition("://")[2] + reverse("fleet:vehicle_code")

    @property
    def qr_code(self) -> SafeString:
        """Return the QR code as an unstyled SVG with 25% error correction."""
        code = segno.make(self.url, error="q", micro=False)
        return mark_safe(code.svg_inline(omitsize=True, border=4))


@dataclass(frozen=True)
class ReadCode:
    """A code as entered: its city, and the codes that may have been meant."""

    city: City
    typed: str
    readings: list[str]  # only codes that labels can contain


class UnreadableCodeError(ValueError):
    """Its message is meant for the person."""


def read_code(text: str, *, here: City) -> ReadCode:
    """Parse an entered code, ignoring case, spaces, hyphens and a surrounding URL.

    Without a city's letters it is assumed to be ``here``. Raises ``UnreadableCodeError``.
    """
    if len(text) > MAX_TYPED_LENGTH:
        raise UnreadableCodeError(_("A code has eight letters and digits, such as PAR7K3M2."))
    text = unicodedata.normalize("NFKC", text)
    address = IN_ADDRESS.search(text)
    code = re.sub(r"[^A-Z0-9]", "", (address["code"] if address else WORD_BEFORE.sub("", text)).upper())
    if len(code) == CODE_DIGITS:
        code = here.code + code
    if len(code) != CITY_CODE_LENGTH + CODE_DIGITS:
        raise UnreadableCodeError(_("A code has eight letters and digits, such as PAR7K3M2."))
    heads = _readings(code[:CITY_CODE_LENGTH], IN_CITY_CODE)
    city = next(filter(None, map(registry.with_code, heads)), None)
    if city is None:
        sentence = _("None of our cities has codes that begin with %(letters)s.")
        raise UnreadableCodeError(sentence % {"letters": code[:CITY_CODE_LENGTH]})
    readings = _readings(code[CITY_CODE_LENGTH:], IN_DIGITS)
    return ReadCode(city, code, [city.code + digits for digits in readings])


def _readings(text: str, confusions: dict[str, str]) -> Iterable[str]:
    return ("".join(letters) for letters in product(*(confusions.get(letter, letter) for letter in text)))
