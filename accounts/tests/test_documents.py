"""Terms, privacy and help: anybody reads them, staff write new versions in the admin."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from accounts.documents import Kind, documents, publish_document
from accounts.markdown import render_markdown
from accounts.models import Document
from accounts.tests.factories import StaffFactory
from movr_project.tests.threads import at_once

pytestmark = pytest.mark.django_db

ADD = "/admin/accounts/document/add/"


@pytest.fixture
def staff(client):
    staff = StaffFactory()
    client.force_login(staff)
    return staff


def read(client, url):
    return client.get(url).content.decode()


# --- Reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("url", "title"), [("/terms/", "Terms of use"), ("/privacy/", "Privacy"), ("/help/", "Help")])
def test_anybody_reads_them(client, url, title):
    page = client.get(url)
    assert page.status_code == 200
    assert f"<h1>{title}</h1>" in page.content.decode()
    assert "Version 1" in page.content.decode()


@pytest.mark.parametrize("url", ["/terms/", "/privacy/", "/help/", "/terms/1/"])
def test_reading_the_current_ones_costs_no_query(client, django_assert_num_queries, url):
    with django_assert_num_queries(0):
        assert client.get(url).status_code == 200


def test_the_help_explains_what_people_come_for(client):
    page = read(client, "/help/")
    for section in ("Find a vehicle", "Start a ride", "End a ride", "Add a vehicle", "Cities", "Problems"):
        assert section in page
    assert 'href="#end-a-ride-3"' in page
    assert '<h2 id="end-a-ride-3">End a ride</h2>' in page


@pytest.mark.parametrize("kind", Kind.values)
def test_what_the_operator_fills_in_is_marked(kind):
    assert "**[" in documents.current(kind).text


def test_every_page_links_to_them(client):
    page = read(client, "/login/")
    for url in ("/terms/", "/privacy/", "/help/"):
        assert f'href="{url}"' in page


def test_older_versions_stay_readable_and_say_so(client):
    publish_document(kind=Kind.HELP, text="New words")
    assert "New words" in read(client, "/help/")
    assert "New words" in read(client, "/help/2/")
    assert 'href="/help/1/"' in read(client, "/help/")
    old = read(client, "/help/1/")
    assert "Find a vehicle" in old
    assert "This is an older version" in old
    assert 'href="/help/"' in old


@pytest.mark.parametrize(
    "url", ["/terms/2/", "/terms/0/", "/terms/99999999999999999999/", "/help/7/", "/terms/-1/", "/terms/x/"]
)
def test_no_other_version_is_there(client, url):
    assert client.get(url).status_code == 404


def test_without_a_text_there_is_no_page(client):
    Document.objects.filter(kind=Kind.HELP).delete()
    documents.clear()
    assert client.get("/help/").status_code == 404
    assert client.get("/terms/").status_code == 200


@pytest.mark.parametrize("url", ["/terms/", "/privacy/", "/help/", "/terms/1/"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_they_are_only_read(client, url, method):
    assert getattr(client, method)(url).status_code == 405


# --- Markdown -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[go](javascript:alert(1))",
        "[go](JaVaScRiPt:alert(1))",
        "[go](data:text/html;base64,PHNjcmlwdD4=)",
        "[go](vbscript:x)",
        '[go](/x "\\" onclick=\\"alert(1)")',
        "<javascript:alert(1)>",
        "# <script>alert(1)</script>",
        "| <script> |\n| --- |\n| <b onclick=x> |",
        "```<script>\nx\n```",
    ],
)
def test_no_text_brings_a_script(client, text):
    publish_document(kind=Kind.HELP, text=text * 5)
    html = render_markdown(text).html
    for page in (html, read(client, "/help/").split("<article")[1].split("</article>")[0]):
        lower = page.lower()
        assert "<script" not in lower
        assert "<img" not in lower
        assert 'href="javascript:' not in lower
        assert 'href="data:' not in lower
        assert 'href="vbscript:' not in lower
        assert ' onclick="' not in lower
        assert "<b " not in lower


def test_a_texts_headings_stand_below_the_pages_own():
    html = render_markdown("# One\n\n## Two\n\n###### Six").html
    assert '<h2 id="one-1">One</h2>' in html
    assert "<h3>Two</h3>" in html
    assert "<h6>Six</h6>" in html


def test_headings_of_one_wording_have_places_of_their_own():
    sections = render_markdown("# Same\n\n# Same\n\n# 北京 **bold** `code`").sections
    assert sections == [("same-1", "Same"), ("same-2", "Same"), ("bold-code-3", "北京 bold code")]


def test_tables_and_places_in_brackets_are_shown():
    html = render_markdown("| a |\n| --- |\n| **[operator]** |").html
    assert '<table class="table">' in html
    assert "<strong>[operator]</strong>" in html


@pytest.mark.parametrize("text", ["", " ", "\x01", "[" * 500, "> " * 500, "`" * 999, "|" * 99, "# \n#", "\ud83d\ude00"])
def test_no_text_breaks_it(text):
    render_markdown(text)


# --- Writing ------------------------------------------------------------------------------------


def test_a_new_version_begins_with_the_newest_text_of_its_kind(client, staff):
    publish_document(kind=Kind.PRIVACY, text="The newest words")
    form = client.get(ADD, {"kind": "privacy"}).context["adminform"].form
    assert form.initial["text"] == "The newest words"
    assert "must_accept" not in form.fields
    form = client.get(ADD, {"kind": "nonsense"}).context["adminform"].form
    assert form.initial["kind"] == "terms"
    assert "must_accept" in form.fields


def test_it_numbers_itself_and_is_seen_at_once(client, staff):
    page = client.post(ADD, {"kind": "privacy", "text": "# New words", "_save": "Publish", "version": 77})
    assert page.status_code == 302
    assert '<h2 id="new-words-1">' in read(client, "/privacy/")
    assert Document.objects.filter(kind="privacy", version=2, text="# New words").exists()


def test_a_preview_shows_the_text_and_publishes_nothing(client, staff):
    data = {"kind": "terms", "text": "# Words\n\nto *look* at <script>", "must_accept": "on", "_preview": "Preview"}
    page = client.post(ADD, data)
    html = page.content.decode()
    assert "to <em>look</em> at &lt;script&gt;" in html
    form = page.context["adminform"].form
    assert (form["text"].value(), form["must_accept"].value()) == (data["text"], "on")
    assert Document.objects.filter(kind="terms").count() == 1


def test_only_terms_are_accepted(client, staff):
    client.post(ADD, {"kind": "help", "text": "x", "must_accept": "on", "_save": "Publish"})
    assert not Document.objects.get(kind="help", version=2).must_accept


@pytest.mark.parametrize("data", [{}, {"kind": "terms"}, {"kind": "x", "text": "y"}, {"kind": "help", "text": " "}])
def test_nonsense_is_not_published(client, staff, data):
    assert client.post(ADD, data | {"_save": "Publish"}).status_code == 200
    assert Document.objects.count() == 3


def test_a_published_text_is_neither_changed_nor_deleted(client, staff):
    document = Document.objects.get(kind="terms")
    url = f"/admin/accounts/document/{document.pk}/"
    assert "/terms/1/" in read(client, url + "change/")
    assert client.post(url + "change/", {"kind": "terms", "text": "Other words"}).status_code == 403
    assert client.post(url + "delete/", {"post": "yes"}).status_code == 403
    document.refresh_from_db()
    assert "Other words" not in document.text


@pytest.mark.django_db(transaction=True)
def test_versions_published_at_once_follow_each_other():
    calls = [lambda n=n: publish_document(kind=Kind.TERMS, text=f"Words {n}") for n in range(5)]
    assert sorted(document.version for document in at_once(*calls)) == [2, 3, 4, 5, 6]
    assert documents.current(Kind.TERMS).version == 6


def test_the_first_texts_come_and_go_with_their_migration():
    migration = import_module("accounts.migrations.0003_first_documents")
    editor = connection.schema_editor()
    migration.remove_documents(apps, editor)
    assert not Document.objects.exists()
    migration.add_documents(apps, editor)
    migration.add_documents(apps, editor)
    assert Document.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_the_texts_are_there_in_tests_that_commit():
    assert Document.objects.count() == 3
