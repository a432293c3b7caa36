"""Usernames proposed from a person's first name. The unique index decides which of them is free."""

import re
import secrets
from collections.abc import Iterator

from django.utils.text import slugify

from .models import USERNAME_PATTERN

FALLBACK = "rider"  # for names without a Latin letter
MAX_NAME_LENGTH = 40  # leaves room for the digits
DIGITS = (3, 4, 6, 9)  # of the number in each further proposal


def proposed_usernames(first_name: str) -> Iterator[str]:
    """Yield usernames for a first name: ``zoe`` for Zoë, then ``zoe-417`` with longer and longer random numbers."""
    name = slugify(first_name)[:MAX_NAME_LENGTH].rstrip("-_") or FALLBACK
    if re.match(USERNAME_PATTERN, name):
        yield name
    for digits in DIGITS:
        yield f"{name}-{secrets.randbelow(10**digits):0{digits}}"
