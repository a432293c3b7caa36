"""The previous release goes on serving while and after this one migrates the database."""

import os
import subprocess

import pytest

from . import servers
from .servers import ROOT
from .visitors import make_a_rider_and_a_vehicle, ride

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.one_engine]


@pytest.fixture
def previous(tmp_path):
    """The files of the newest tag, or of PREVIOUS_RELEASE."""
    git = ["git", "-C", ROOT]
    described = subprocess.run([*git, "describe", "--tags", "--abbrev=0"], capture_output=True, text=True, check=False)
    commit = os.environ.get("PREVIOUS_RELEASE") or described.stdout.strip()
    archive = subprocess.run([*git, "archive", commit or "none"], capture_output=True, check=False)
    if archive.returncode:
        pytest.skip("this repository has no earlier release")
    slug = tmp_path / "previous"
    slug.mkdir()
    subprocess.run(["tar", "-x", "-C", slug], input=archive.stdout, check=True)
    return slug


def test_a_rider_rides_with_the_previous_release_on_the_new_tables(previous, slug, released, tmp_path):
    label = make_a_rider_and_a_vehicle(slug, "prev", 102, released)
    assert servers.run("python manage.py collectstatic --noinput -v 0", slug=previous).returncode == 0
    with servers.serving(previous, tmp_path, **released) as server:
        ride(server, "prev", label)
