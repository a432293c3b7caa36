"""With COMMUNITY off there is no trace of it."""

import os
import subprocess
import sys

import pytest
from django.conf import settings as django_settings

from accounts.hooks import VisiblePeople

from .factories import MemberFactory, PostFactory

WHAT_IS_THERE = """
from django.contrib import admin
from django.urls import get_resolver
from movr_project.api.mount import v1
urls = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
patterns = [str(p.pattern) for included in get_resolver().url_patterns for p in getattr(included, "url_patterns", [])]
models = [model._meta.app_label for model in admin.site._registry]
paths = ["/" + str(pattern.pattern) for pattern in v1]
print(sorted({word for word in ("community", "messages", "translate", "/posts", "/feed", "follow/")
              if any(word in text for text in urls + patterns + models + paths)}))
"""


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("switch", "left"), [("off", "[]"), ("on", "['/feed', '/posts', 'community', 'follow/', 'messages'")]
)
def test_no_address_no_endpoint_and_no_list_of_the_admin_is_left(switch, left):
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", WHAT_IS_THERE]
    environment = os.environ | {"COMMUNITY": switch, "DEBUG": "on", "LOG_LEVEL": "ERROR"}
    shown = subprocess.run(
        command, cwd=django_settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip().startswith(left), shown.stdout


@pytest.mark.any_engine
@pytest.mark.django_db
def test_other_pages_show_nothing_of_it(client_of, settings):
    PostFactory(author=MemberFactory(username="anna"), body="Broken lift")
    url = "/users/anna/"
    assert "Broken lift" in client_of(MemberFactory()).get(url).content.decode()
    settings.COMMUNITY = False
    page = client_of(MemberFactory()).get(url).content.decode().lower()
    for word in ("broken lift", "community", "follow", "/messages/", "/search/"):
        assert word not in page


@pytest.mark.any_engine
@pytest.mark.django_db
def test_people_see_all_visible_profiles_and_their_own():
    person, other = MemberFactory(is_listed=False), MemberFactory()
    MemberFactory(is_listed=False)
    MemberFactory(is_active=False)
    assert set(VisiblePeople().to(person)) == {person, other}
