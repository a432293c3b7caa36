"""The demo operator's terms, privacy policy and help.

MovR's initial documents contain placeholders in [brackets] for the operator. The demo publishes a second version of
each with the details of a fictitious operator, so that its users don't see them.
"""

import re

from django.conf import settings

from documents.models import Document
from documents.services import publish

from .inserts import in_transaction

PLACEHOLDER = re.compile(r"\*\*\[(?P<name>[^\]:,]+)[^\]]*\]\*\*")

# By the placeholder's text before a colon or comma. The phone number is reserved for fiction in France.
DETAILS = {
    "Operator": "This is a demonstration. MovR Demo is not a company, and its vehicles do not exist.",
    "operator": "MovR Demo",
    "operator and address": "MovR Demo, 1 rue de la Démonstration, 75001 Paris, France",
    "support e-mail": "hello@movr.example",
    "support phone": "+33 1 99 00 12 34",
    "hours": "every day from 7 a.m. to 11 p.m.",
    "privacy contact e-mail": "privacy@movr.example",
    "Data protection officer": "MovR Demo has no data protection officer.",
    "map provider": "the provider named on the map",
    "Google Maps": "Vehicle pages embed no other map.",
    "Geocoder and translation service": "MovR Demo passes on nothing that you type or write.",
    "Hosting provider": "MovR Demo does not pass on your data.",
    "days for notifications": f"{settings.NOTIFICATION_RETENTION_DAYS}",
    "days for photos": f"{settings.PHOTO_RETENTION_DAYS}",
    "days for the vehicle log": f"{settings.VEHICLE_EVENT_RETENTION_DAYS}",
    "days for server logs": "30",
    "What the law requires you to keep longer": "MovR Demo keeps nothing longer than this.",
    "supervisory authority": "the French data protection authority, CNIL",
    "minimum age": "18",
    "Prices and payment": "Rides on this demonstration site are free.",
    "Liability": "MovR Demo owns nothing that could be damaged.",
    "country": "France",
    "Consumer dispute resolution": "MovR Demo sells nothing, so it takes part in no dispute resolution.",
}


def publish_texts() -> int:
    """Publish the demo operator's version of each document that is still the initial one. Return their number."""
    return in_transaction(lambda: sum(map(_publish_second_version, Document.Kind.values)))


def _publish_second_version(kind: str) -> int:
    """Publish it, once. Part of a transaction. Locks the first version, so that concurrent runs wait."""
    texts = Document.objects.filter(kind=kind)
    first = texts.filter(version=1).select_for_update().first()
    if first is None or texts.filter(version__gt=1).exists():
        return 0
    publish(Document(kind=kind, text=filled_in(first.text)))
    return 1


def filled_in(text: str) -> str:
    return PLACEHOLDER.sub(lambda match: DETAILS[match["name"]], text)
