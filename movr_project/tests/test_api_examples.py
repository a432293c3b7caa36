"""The examples in docs/api.md, run by a shell with curl against a live server."""

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.tests.factories import PASSWORD, UserFactory
from fleet.tests.factories import VehicleFactory
from photos.tests.pictures import picture

from .api import organisations_client

pytestmark = [
    pytest.mark.any_engine,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed"),
]

EXAMPLES = re.findall(r"^```sh\n(.*?)^```", (settings.BASE_DIR / "docs/api.md").read_text(), re.MULTILINE | re.DOTALL)
FIRST_LINE = re.compile(r"# (\d+)(?:, ([A-Z]+) is its (\w+))?")


def test_the_examples_work(live_server, tmp_path, subtests, photo_folder):
    (tmp_path / "photo.jpg").write_bytes(picture())
    rider = UserFactory()
    variables = {
        "API": f"{live_server.url}/api/v1",
        "NAME": rider.username,
        "PASSWORD": PASSWORD,
        "CLIENT": organisations_client(["paris"]).defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer "),
        "VEHICLE": str(VehicleFactory().public_id),
        "TOMORROW": f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M:%S}",
    }
    assert len(EXAMPLES) > 20
    for example in EXAMPLES:
        with subtests.test(example):
            status, variable, member = FIRST_LINE.match(example).groups()
            answer = run(example, variables, tmp_path / "answer")
            assert answer == status, (tmp_path / "answer").read_text()
            if variable:
                variables[variable] = json.loads((tmp_path / "answer").read_text())[member]


def run(example: str, variables: dict[str, str], file: Path) -> str:
    """Return the status of an example's answer, and leave its body in a file."""
    own = f"curl() {{ command curl -sS --noproxy '*' -o '{file}' -w '%{{http_code}}' \"$@\"; }}\n"
    done = subprocess.run(
        ["sh", "-c", own + example],
        env={"PATH": "/usr/bin:/bin"} | variables,
        cwd=file.parent,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
