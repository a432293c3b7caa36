"""The demo's documents contain no placeholders."""

import re
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections

from documents.current import documents
from documents.models import Document
from documents.services import publish_document
from operations.demo.texts import DETAILS, PLACEHOLDER, filled_in, publish_texts

pytestmark = pytest.mark.django_db


def seed():
    call_command("seed_demo", vehicles=0, riders=0, rides=0, stdout=StringIO())


@pytest.mark.parametrize("kind", Document.Kind.values)
def test_a_demo_rider_reads_no_bracket(client, kind):
    seed()
    page = client.get(f"/{kind}/").content.decode()
    article = page.split("<article")[1].split("</article>")[0]
    assert "Version 2" in page
    assert "hello@movr.example" in article or "privacy@movr.example" in article
    assert not re.search(r"[\[\]]", article)
    assert "**" not in article


def test_every_detail_is_used():
    used = {name for kind in Document.Kind.values for name in PLACEHOLDER.findall(documents.current(kind).text)}
    assert used == set(DETAILS)


def test_nobody_is_asked_to_accept_the_demo_terms():
    seed()
    assert documents.required_terms == 0


def test_seeding_again_publishes_nothing():
    seed()
    seed()
    assert Document.objects.count() == 6
    assert publish_texts() == 0


def test_a_text_that_the_operator_wrote_stays():
    publish_document(kind=Document.Kind.HELP, text="Our own help")
    seed()
    assert documents.current(Document.Kind.HELP).text == "Our own help"
    assert documents.current(Document.Kind.TERMS).version == 2


def test_links_are_no_placeholders():
    assert filled_in("[MovR](/help/) **bold**") == "[MovR](/help/) **bold**"


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_publish_one_version():
    def run(_number):
        try:
            return publish_texts()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == [0, 3]
    assert Document.objects.count() == 6
