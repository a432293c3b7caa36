"""The release command of the Procfile, on the tested engine."""

import pytest

from .servers import run


@pytest.mark.xdist_group("deployment")
def test_release_line_leaves_no_migration_undone(slug, released):
    result = run("python manage.py migrate --check", slug=slug, **released)
    assert result.returncode == 0, result.stdout
