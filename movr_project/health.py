"""What ``/health/`` says besides that the database answers. Apps register it in ``AppConfig.ready``."""

from collections.abc import Callable

_fields: dict[str, Callable[[], str]] = {}


def register_field(name: str, read: Callable[[], str]) -> None:
    """Add a line to the response. ``read`` may use the database."""
    _fields[name] = read


def lines() -> list[str]:
    return [f"{name}: {read()}" for name, read in _fields.items()]
