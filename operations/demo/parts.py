"""Demo data of later apps, which register themselves in ``AppConfig.ready``."""

from collections.abc import Callable
from datetime import datetime

# Each is called with the current time after everything else was added, and must be idempotent.
PARTS: list[Callable[[datetime], None]] = []
