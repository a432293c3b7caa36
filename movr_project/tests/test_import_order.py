"""Apps import only apps earlier in the list, and ``movr_project``. See docs/architecture.md."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from movr_project.tests.modules import APPS, modules

# Modules of the project that may import every app.
KNOW_APPS = ("movr_project/admin/", "movr_project/settings.py", "movr_project/urls.py", "movr_project/api/mount.py")
# The rest of the API's root knows who is asking, and how often.
API_ROOT = "movr_project/api/"
API_ROOT_KNOWS = {"throttling", "accounts", "documents"}


def imported_apps(path: Path) -> Iterator[tuple[str, int]]:
    """Return the apps that a module imports, with line numbers. A relative import stays in its own app."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        for name in names:
            app = name.split(".")[0]
            if app in APPS:
                yield app, node.lineno


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_earlier_apps(app):
    allowed = set(APPS[: APPS.index(app) + 1])
    wrong = []
    for path in modules(app):
        name = path.relative_to(settings.BASE_DIR).as_posix()
        if not name.startswith(KNOW_APPS):
            known = allowed | API_ROOT_KNOWS if name.startswith(API_ROOT) else allowed
            wrong += [f"{name}:{line} imports {other}" for other, line in imported_apps(path) if other not in known]
    assert wrong == []


def test_every_app_of_ours_is_in_the_list():
    ours = [app for app in settings.INSTALLED_APPS if (settings.BASE_DIR / app.split(".")[0]).is_dir()]
    assert sorted({app.split(".")[0] for app in ours}) == sorted(APPS)


def test_only_the_routers_import_the_api_root():
    """Services, pages and the admin work without the API."""
    importing = [
        path.relative_to(settings.BASE_DIR).as_posix()
        for app in APPS[1:]
        for path in modules(app)
        if "movr_project.api" in path.read_text(encoding="utf-8")
    ]
    assert [name for name in importing if "/api/" not in name and not name.endswith("/api.py")] == []
