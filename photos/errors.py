"""What goes wrong with the storage of photos, which may be on the network or full."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from movr_project.errors import Refused
from movr_project.logs import log_event

logger = logging.getLogger(__name__)


class PhotoRefused(Refused):
    """Codes: ``photo_storage_unavailable``."""


@contextmanager
def using_storage() -> Iterator[None]:
    """Raise ``PhotoRefused`` if the storage fails, except for a file that doesn't exist (``FileNotFoundError``)."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:  # each storage has exceptions of its own
        log_event(logger, "photo_storage_failed", level=logging.ERROR, error=type(error).__name__)
        raise PhotoRefused(_("Photos aren't available right now."), code="photo_storage_unavailable") from error
