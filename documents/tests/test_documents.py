"""Terms, privacy policy and help: public pages whose versions staff publish in the admin."""

import re

import pytest
from django.apps import apps
from django.db import connection

from accounts.personal_data import kinds
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from documents.current import Kind, documents
from documents.first_versions import add_first_documents, remove_first_documents
from documents.markdown import render_markdown
from documents.models import Document
from documents.services import publish_document
from movr_project.tests.pages import page
from movr_project.tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

ADD = "/admin/documents/document/add/"


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
def test_placeholders_for_the_operator_are_marked(kind):
    assert "**[" in documents.current(kind).text


def test_the_privacy_text_names_every_cookie(client):
    person = UserFactory()
    client.get("/login/")
    client.post("/login/", {"username": person.username, "password": PASSWORD, "remember_me": "on"})
    client.post("/language/", {"language": "es"})
    client.post("/city/", {"city": "rome"})  # adds a message
    named = re.findall(r"^\| `(\w+)`", documents.current(Kind.PRIVACY).text, flags=re.MULTILINE)
    assert set(client.cookies) == set(named)


def test_the_privacy_text_names_every_part_of_the_download():
    first_column = "\n".join(re.findall(r"^\|(.*?)\|", documents.current(Kind.PRIVACY).text, flags=re.MULTILINE))
    named = re.findall(r"\*\*(.+?)\*\*", first_column)
    assert sorted(name.casefold() for name in named) == sorted(kind.name.casefold() for kind in kinds())


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
    for shown in (page(html), page(read(client, "/help/")).one("article")):
        assert not [tag for tag in ("script", "img", "b") if shown.all(tag)]
        assert not [element for element in shown.all() if "onclick" in element]
        links = [link["href"].strip().lower() for link in shown.all("a")]
        assert not [link for link in links if link.startswith(("javascript:", "data:", "vbscript:"))]


def test_a_texts_headings_are_below_the_pages_own():
    html = render_markdown("# One\n\n## Two\n\n###### Six").html
    assert '<h2 id="one-1">One</h2>' in html
    assert "<h3>Two</h3>" in html
    assert "<h6>Six</h6>" in html


def test_headings_of_one_wording_have_places_of_their_own():
    sections = render_markdown("# Same\n\n# Same\n\n# 北京 **bold** `code`").sections
    assert sections == (("same-1", "Same"), ("same-2", "Same"), ("bold-code-3", "北京 bold code"))


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
def test_invalid_text_is_not_published(client, staff, data):
    assert client.post(ADD, data | {"_save": "Publish"}).status_code == 200
    assert Document.objects.count() == 3


def test_a_published_text_can_not_be_changed_or_deleted(client, staff):
    document = Document.objects.get(kind="terms")
    url = f"/admin/documents/document/{document.pk}/"
    assert "/terms/1/" in read(client, url + "change/")
    assert client.post(url + "change/", {"kind": "terms", "text": "Other words"}).status_code == 403
    assert client.post(url + "delete/", {"post": "yes"}).status_code == 403
    document.refresh_from_db()
    assert "Other words" not in document.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("there", [1, 0], ids=["after a first one", "the first ones"])
def test_versions_published_at_once_follow_each_other(there):
    if not there:
        Document.objects.filter(kind=Kind.TERMS).delete()
    calls = [lambda n=n: publish_document(kind=Kind.TERMS, text=f"Words {n}") for n in range(5)]
    assert sorted(document.version for document in at_once(*calls)) == [there + n for n in range(1, 6)]
    assert documents.current(Kind.TERMS).version == there + 5


def test_the_first_texts_come_and_go_with_their_migration():
    remove_first_documents(apps, connection.alias)
    assert not Document.objects.exists()
    for _time in range(2):
        add_first_documents(apps, connection.alias)
    assert Document.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_the_texts_are_there_in_tests_that_commit():
    assert Document.objects.count() == 3
