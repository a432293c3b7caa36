"""An error shared by several apps."""

from typing import TypeVar

from django.utils.translation import gettext as _

from movr_project.errors import Refused

R = TypeVar("R", bound=Refused)


def account_changed(refusal: type[R]) -> R:
    """Return an error with the code ``account_changed``: the person has moved or left since the page was rendered."""
    return refusal(_("Your account has changed. Please try again."), code="account_changed")
