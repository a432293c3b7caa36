"""Our apps, in the order in which they may import one another, and their modules."""

from pathlib import Path

from django.conf import settings

APPS = [
    "movr_project",
    "throttling",
    "cities",
    "accounts",
    "notifications",
    "documents",
    "photos",
    "jobs",
    "fleet",
    "rides",
    "operations",
    "community",
    "feeds",
]


def modules(app: str) -> list[Path]:
    paths = (settings.BASE_DIR / app).rglob("*.py")
    return [path for path in paths if "tests" not in path.relative_to(settings.BASE_DIR).parts]
