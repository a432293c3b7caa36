from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks


@checks.register()
def check_community(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check the settings that name a service and a folder."""
    found: list[checks.CheckMessage] = []
    if settings.TRANSLATE_URL and not settings.TRANSLATE_URL.startswith(("https://", "http://")):
        found.append(checks.Error("TRANSLATE_URL must begin with https:// or http://.", id="movr.E010"))
    if settings.COMMUNITY_WORD_LISTS and not Path(settings.COMMUNITY_WORD_LISTS).is_dir():
        found.append(checks.Error("COMMUNITY_WORD_LISTS names no folder.", id="movr.E011"))
    return found
