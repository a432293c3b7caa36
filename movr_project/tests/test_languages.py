"""English and Spanish: choosing one, the catalogue, and complete translations."""

import gettext
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core import mail
from django.template.base import Lexer, TokenType
from django.template.loader import render_to_string
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from accounts.services import send_password_reset
from accounts.tests.factories import PASSWORD, UserFactory
from fleet.tests.factories import VehicleFactory
from movr_project.templatetags.movr import distance, duration, local_span, local_time, long_day
from movr_project.tests.catalogues import read_po, said
from movr_project.tests.mails import CONTEXTS, html_of, sent
from movr_project.tests.pages import page
from movr_project.tests.sweep import ADMIN_PAGES, ADMIN_TABLE, SUPERUSER, TABLE
from notifications.services import notify
from operations.roles import ROLES
from rides.tests.factories import RideFactory

pytestmark = pytest.mark.any_engine

ROOT = Path(settings.BASE_DIR)
CATALOGUES = sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po"))
SPANISH = ROOT / "locale/es/LC_MESSAGES/django.po"
URL = "/language/"
ES = {"accept-language": "es-MX,es;q=0.9,en;q=0.5"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%%|%[sd]")
TAG = re.compile(r"</?\w+[^>]*>")


def language_of(page):
    """Return a page's language, from the header and from its HTML."""
    (lang,) = re.findall(r'<html lang="([^"]*)"', page.content.decode())
    assert page.headers["Content-Language"] == lang
    return lang


# The choice


@pytest.mark.django_db
class TestTheLanguageOfAPage:
    def test_is_the_browsers(self, client):
        assert language_of(client.get("/")) == "en"
        assert language_of(client.get("/", headers=ES)) == "es"

    @pytest.mark.parametrize("asked", ["tlh", "", "*", "x" * 5000, "e\0s", "../../es", "ES-es-ES;q=nan"])
    def test_is_an_available_one_whatever_the_browser_requests(self, client, asked):
        assert language_of(client.get("/", headers={"accept-language": asked})) in {"en", "es"}

    def test_is_the_devices_before_the_browsers(self, client):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        assert language_of(client.get("/", headers=ES)) == "en"

    def test_is_the_accounts_before_the_devices(self, rider, rider_client):
        rider_client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        User.objects.filter(id=rider.id).update(language="es")
        assert language_of(rider_client.get("/vehicles/")) == "es"

    def test_is_another_when_the_accounts_is_spoken_no_more(self, rider, rider_client):
        User.objects.filter(id=rider.id).update(language="tlh")
        assert language_of(rider_client.get("/vehicles/", headers=ES)) == "es"

    def test_caches_are_told(self, client):
        for url in ("/", "/help/", "/manifest.webmanifest"):
            vary = client.get(url).headers["Vary"].lower()
            assert "accept-language" in vary, url
            assert "cookie" in vary, url

    def test_is_that_of_error_pages_too(self, client):
        page = client.get("/nowhere/", headers=ES)
        assertContains(page, "Aquí no hay nada aparcado", status_code=404)
        assert language_of(page) == "es"

    def test_a_request_is_not_affected_by_the_one_before(self, client):
        client.get("/", headers=ES)
        assert language_of(client.get("/")) == "en"


@pytest.mark.django_db
class TestChoosing:
    def test_every_page_offers_the_languages_by_their_own_names(self, client):
        forms = page(client.get("/login/?next=/rides/")).all("form")
        (form,) = [form for form in forms if "action" in form and form["action"] == URL]
        assert "/login/?next=/rides/" in [field["value"] for field in form.all("input")]
        buttons = form.all(role="button")
        assert [(each["value"], each["lang"], each.text) for each in buttons] == [
            ("en", "en", "English"),
            ("es", "es", "Español"),
        ]
        assert ["aria-current" in each for each in buttons] == [True, False]

    def test_it_works_and_leads_back_to_the_page(self, client):
        page = client.post(URL, {"language": "es", "next": "/help/"})
        assertRedirects(page, "/help/")
        assert language_of(client.get("/")) == "es"

    def test_the_device_keeps_it_for_a_year_out_of_the_reach_of_scripts(self, client):
        cookie = client.post(URL, {"language": "es"}).cookies[settings.LANGUAGE_COOKIE_NAME]
        assert (cookie.value, cookie["max-age"], cookie["path"]) == ("es", 365 * 24 * 60 * 60, "/")
        assert (cookie["samesite"], bool(cookie["httponly"])) == ("Lax", True)

    def test_an_account_keeps_it_wherever_it_is_logged_in(self, rider, rider_client, client_of):
        for _twice in range(2):
            assertRedirects(rider_client.post(URL, {"language": "es", "next": "/users/"}), "/users/")
            rider.refresh_from_db()
            assert rider.language == "es"
        assert language_of(client_of(rider).get("/vehicles/")) == "es"

    def test_it_changes_no_one_else(self, rider_client):
        other = UserFactory()
        rider_client.post(URL, {"language": "es"})
        other.refresh_from_db()
        assert other.language == ""

    def test_logging_out_leaves_the_device_its_language(self, rider_client):
        rider_client.post(URL, {"language": "es"})
        rider_client.post("/logout/")
        assert language_of(rider_client.get("/")) == "es"

    @pytest.mark.parametrize("language", ["tlh", "", "ES", "es-mx", "es\0", "../es", "x" * 5000])
    def test_a_language_that_there_is_not_is_refused(self, rider, rider_client, language):
        page = rider_client.post(URL, {"language": language, "next": "/users/"}, follow=True)
        assertContains(page, "available in that language.")
        assert settings.LANGUAGE_COOKIE_NAME not in rider_client.cookies
        rider.refresh_from_db()
        assert rider.language == ""

    @pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "javascript:alert(1)", "home"])
    def test_it_leads_to_no_other_site(self, client, target):
        assert client.post(URL, {"language": "es", "next": target}).headers["Location"] == "/"

    def test_looking_at_the_address_does_nothing(self, rider, rider_client):
        page = rider_client.get(URL, {"language": "es"})
        assert page.status_code == 405
        assert settings.LANGUAGE_COOKIE_NAME not in page.cookies
        rider.refresh_from_db()
        assert rider.language == ""

    def test_no_other_site_chooses(self, rider):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(rider)
        assert strict.post(URL, {"language": "es"}).status_code == 403

    def test_people_who_have_not_accepted_the_terms_can_choose(self, rider_client, monkeypatch):
        from documents.current import Documents

        monkeypatch.setattr(Documents, "required_terms", 99)
        assertRedirects(rider_client.post(URL, {"language": "es", "next": "/help/"}), "/help/")

    def test_as_on_my_device_takes_the_choice_back(self, rider, rider_client):
        rider_client.post(URL, {"language": "es"})
        data = {
            "username": rider.username,
            "first_name": rider.first_name,
            "last_name": rider.last_name,
            "email": rider.email,
            "about_me": "",
            "theme": "auto",
            "language": "",
        }
        assertRedirects(rider_client.post("/profile/edit/", data), "/profile/")
        assert language_of(rider_client.get("/profile/")) == "en"

    def test_someone_who_signs_up_keeps_the_language_of_that_moment(
        self, client, mailoutbox, django_capture_on_commit_callbacks
    ):
        data = {
            "city": "paris",
            "first_name": "Ada",
            "email": "ada@example.com",
            "password": PASSWORD,
        }
        with django_capture_on_commit_callbacks(execute=True):
            client.post("/register/", data, headers=ES)
        assert User.objects.get(username="ada").language == "es"
        assert mailoutbox[0].subject == "[MovR] Confirma tu correo electrónico"


# The catalogue


class TestTheCatalogue:
    def test_there_is_one_for_each_language_but_the_sources(self):
        assert {path.parts[-3] for path in CATALOGUES} | {"en"} == set(dict(settings.LANGUAGES))

    @pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
    def test_every_sentence_is_translated(self, path):
        waiting = [message.singular for message in read_po(path) if not all(message.translations)]
        assert waiting == []
        assert [message.singular for message in read_po(path) if "fuzzy" in message.flags] == []

    @pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
    def test_every_translation_keeps_what_is_filled_in(self, path):
        for message in read_po(path):
            sources = [message.singular, message.plural or message.singular]
            for source, text in zip(sources, message.translations, strict=False):
                assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(source)), source
                assert sorted(TAG.findall(text)) == sorted(TAG.findall(message.singular)), message.singular
                assert text.startswith(" ") == message.singular.startswith(" "), message.singular
                assert text.endswith(" ") == message.singular.endswith(" "), message.singular

    @pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
    def test_the_compiled_one_is_up_to_date(self, path):
        """script/messages compiles it."""
        with path.with_suffix(".mo").open("rb") as file:
            compiled = gettext.GNUTranslations(file)
        written = {}
        for message in read_po(path):
            name = f"{message.context}\x04{message.singular}" if message.context else message.singular
            if message.plural:
                written |= {(name, form): text for form, text in enumerate(message.translations)}
            else:
                written[name] = message.translations[0]
        assert {name: text for name, text in compiled._catalog.items() if name} == written

    def test_every_sentence_of_the_code_is_in_it(self, tmp_path):
        """script/messages extracts them."""
        if not shutil.which("xgettext"):
            pytest.skip("gettext is not installed")
        copy = tmp_path / "movr"
        left_out = shutil.ignore_patterns(".*", "static", "staticfiles", "tests", "__pycache__", "*.sqlite3*")
        shutil.copytree(ROOT, copy, ignore=left_out)
        (copy / ".venv").symlink_to(ROOT / ".venv")
        result = subprocess.run([copy / "script/messages"], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        for path in CATALOGUES:
            now = [message.key for message in read_po(copy / path.relative_to(ROOT))]
            assert sorted(now) == sorted(message.key for message in read_po(path))

    def test_spanish_begins_questions_and_calls_as_it_should(self):
        for message in read_po(SPANISH):
            for text in message.translations:
                assert ("?" in text) == ("¿" in text), text
                assert ("!" in text) == ("¡" in text), text

    def test_spanish_says_tu(self):
        formal = re.compile(r"\b(usted|ustedes|su contraseña|introduzca|seleccione|vosotros)\b", re.IGNORECASE)
        texts = [text for message in read_po(SPANISH) for text in message.translations]
        assert [text for text in texts if formal.search(text)] == []


# Unmarked sentences

IN_TRANSLATION = {"blocktranslate", "blocktrans", "comment", "verbatim"}
# The brand, an example of a code, and an attribute's value.
UNTRANSLATED = {"MovR", "· MovR", "| · MovR", "MovR ·", "PAR7K3M2", "auto"}
NO_TEXT = {"main_class", "body_class", "bodyclass"}  # blocks inside an attribute
LITERAL = re.compile(
    r"""(?:(?<!LANGUAGE_CODE)\|(?:default|default_if_none|yesno|pluralize|add):|\b(?:label|title)=)["']([^"'<]*)["']"""
)


def templates() -> list[Path]:
    return sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})


def unmarked(path: Path) -> list[str]:
    """Return a template's text outside translation tags."""
    text, found, inside = [], [], ""
    for token in Lexer(path.read_text()).tokenize():
        name, *rest = token.contents.split() if token.token_type == TokenType.BLOCK else [""]
        if inside:
            inside = "" if name == f"end{inside}" else inside
        elif name in IN_TRANSLATION or (name == "block" and rest[0] in NO_TEXT):
            inside = name
        elif token.token_type == TokenType.TEXT:
            text.append(token.contents)
        elif token.token_type != TokenType.COMMENT:
            found += LITERAL.findall(token.contents)
    joined = "".join(text)
    found += said(joined) if path.suffix == ".html" else joined.splitlines()
    return [piece for piece in found if re.search(r"[^\W\d_]", piece) and piece.strip() not in UNTRANSLATED]


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_says_nothing_outside_of_its_translations(path):
    assert unmarked(path) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        "<p>{% if x %}Hello{% endif %}</p>",
        '<img alt="Hello">',
        '<a title="Hello {{ name }}">{{ name }}</a>',
        '{% icon "bell" label="Hello" %}',
        '{{ place|default:"nowhere" }}',
        "{% translate 'Yes' %} and {% translate 'No' %}",
    ],
)
def test_this_is_found(tmp_path, source):
    path = tmp_path / "page.html"
    path.write_text(source)
    assert unmarked(path)


@pytest.mark.parametrize(
    "source",
    [
        "{% translate 'Hello' %}",
        "{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}",
        "<p class='x' data-kind='start'>{{ name }} &ndash; 12</p>",
        "{# Hello #}<!-- Hello -->",
        "<script src='x'></script>",
    ],
)
def test_this_is_left_alone(tmp_path, source):
    path = tmp_path / "page.html"
    path.write_text(source)
    assert unmarked(path) == []


# Every page in Spanish


def in_spanish(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    return client


@pytest.fixture(scope="module")
def is_english():
    """Tell whether a text is an English sentence, with anything for its placeholders.

    Pages have most of their texts in common, so each text is compared with all sentences once.
    """
    found = []
    for message in read_po(SPANISH):
        for source in filter(None, (message.singular, message.plural)):
            if source in message.translations:
                continue
            plain = TAG.sub(" ", source)
            parts = [re.escape(" ".join(part.split())) for part in PLACEHOLDER.split(plain)]
            if sum(len(part) for part in parts) > 2:
                found.append(r"\s*.+?\s*".join(parts) if len(parts) > 1 else parts[0])
    return cache(re.compile(rf"(?:{'|'.join(found)})\Z").match)


WRITTEN_BY_OPERATOR = re.compile(
    r'<article class="card card-body text-break">.*?</article>|<textarea [^>]*name="text".*?</textarea>', re.DOTALL
)
PERMISSION = re.compile(r".+ \| .+ \| Can .+")  # Django stores their names in English
# A decimal comma would break an image or a script.
FOR_PROGRAMS = re.compile(r'\b(?:x|y|x1|x2|y1|y2|r|d|points|width|height|min|max|step|data-[\w-]+)="-?\d+,\d+"')


def english_in(page, is_english, named=frozenset()) -> list[str]:
    html = WRITTEN_BY_OPERATOR.sub("", page.content.decode())
    pieces = [piece.removesuffix(":") for piece in said(html)]
    english = [piece for piece in pieces if is_english(piece) and not PERMISSION.match(piece)]
    return [piece for piece in english if piece not in named] + FOR_PROGRAMS.findall(html)


PAGES = [name for name, row in sorted(TABLE.items()) if 200 in row.get.values()]
ADMIN = [
    (model, page)
    for model, rights in sorted(ADMIN_TABLE.items())
    for page, (needed, _post) in ADMIN_PAGES.items()
    if needed in rights.get(SUPERUSER, ())
]


# The names of groups aren't translated, and one of them equals an app's name.
WITH_GROUPS = {"accounts_user", "auth_group"}


OPERATORS_WORDS = {
    "cities_region": ["Europe", "US East", "US West"],
    "documents_document": ["# Start a ride", "# End a ride"],
}
DJANGOS_PICTURE = "Search"  # its description in the admin's lists is not translated


def named(model: str) -> frozenset[str]:
    return frozenset([DJANGOS_PICTURE, *(ROLES if model in WITH_GROUPS else ()), *OPERATORS_WORDS.get(model, ())])


def assert_spanish(page, is_english, named=frozenset()):
    if page.status_code == 200 and page.headers["Content-Type"].startswith("text/html"):
        assert language_of(page) == "es"
        assert english_in(page, is_english, named) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_spanish_has_no_english_in_it(world, browser, is_english, name):
    row = TABLE[name]
    url = reverse(name, args=row.args(world))
    for who in [who for who, answer in row.get.items() if answer == 200]:
        assert_spanish(in_spanish(browser(who)).get(url), is_english)
    for who in [who for who, answer in row.post.items() if answer == 200]:
        assert_spanish(in_spanish(browser(who)).post(url, {}), is_english)  # with the errors of its fields


@pytest.mark.parametrize(("model", "page"), ADMIN)
def test_the_administration_in_spanish_has_no_english_in_it(world, browser, is_english, model, page):
    args = [] if page in {"changelist", "add"} else [world.objects[model]]
    url = reverse(f"admin:{model}_{page}", args=args)
    assert_spanish(in_spanish(browser(SUPERUSER)).get(url), is_english, named(model))


@pytest.mark.parametrize("model", sorted(ADMIN_TABLE))
def test_confirmations_have_no_english_in_them(world, browser, is_english, model):
    client = in_spanish(browser(SUPERUSER))
    url = reverse(f"admin:{model}_changelist")
    choice = re.search(r'<select name="action".*?</select>', client.get(url).content.decode(), re.DOTALL)
    for action in re.findall(r'value="(\w+)"', choice[0]) if choice else []:
        page = client.post(url, {"action": action, "_selected_action": world.objects[model]})
        assert_spanish(page, is_english, named(model))


@pytest.mark.django_db
def test_the_main_pages_are_in_spanish(rider, rider_client):
    in_spanish(rider_client)
    vehicle = VehicleFactory(type="scooter", battery_percent=80, range_m=12_300)
    RideFactory(rider=rider)
    page = rider_client.get("/vehicles/")
    for text in ("Vehículos en París", "Patinete", "Disponible", "80 % de batería", "12,3 km de autonomía"):
        assertContains(page, text)
    page = rider_client.get(vehicle.get_absolute_url())
    for text in ("Empezar el viaje", "Sobre este vehículo", "Autonomía"):
        assertContains(page, text)
    page = rider_client.get("/rides/")
    for text in ("Mis viajes", "Viajes anteriores", "Duración"):
        assertContains(page, text)


@pytest.mark.django_db
def test_the_errors_of_a_form_are_in_our_spanish(client):
    form = {"city": "atlantis", "email": "x", "first_name": "x" * 65, "password": "12345678"}
    page = client.post("/register/", form, headers=ES)
    assertContains(page, "Escribe una dirección de correo electrónico válida.")
    assertContains(page, "Escribe como máximo 64 caracteres (ahora son 65).")
    assertContains(page, "Todavía no estamos en esa ciudad.")
    assertContains(page, "Esta contraseña es demasiado corriente.")
    assertNotContains(page, "Introduzca")


@pytest.mark.django_db
def test_machine_readable_values_are_the_same_in_every_language(rider_client, rider):
    VehicleFactory(latitude=48.8584, longitude=2.2945)
    ride = RideFactory(rider=rider)
    for url in ("/vehicles/", ride.get_absolute_url(), ride.vehicle.get_absolute_url()):
        read = [
            sorted(re.findall(r'data-(?:point|center|radius|start)="([^"]*)"', client.get(url).content.decode()))
            for client in (rider_client, in_spanish(rider_client))
        ]
        assert read[0] == read[1], url


# E-mails and notifications


@pytest.mark.django_db
class TestMails:
    @pytest.mark.parametrize("template", CONTEXTS)
    def test_each_is_in_spanish_for_who_reads_spanish(self, is_english, template):
        message = sent(template, language="es")
        assert '<html lang="es">' in html_of(message)
        text = CONTEXTS[template].get("text", "")
        lines = [line.strip() for line in message.body.splitlines() if line.strip() != text]
        assert [line for line in lines if line != "MovR" and is_english(line)] == []
        assert is_english(message.subject.removeprefix("[MovR] ")) is None
        assert "Hola:" in message.body

    def test_it_is_the_persons_and_not_that_of_the_request(self):
        UserFactory(email="ada@example.com", language="es")
        with translation.override("en"), TestCase.captureOnCommitCallbacks(execute=True):
            send_password_reset(email="ada@example.com")
        assert mail.outbox[0].subject == "[MovR] Elige una nueva contraseña"
        assert "durante 10 minutos" in mail.outbox[0].body

    def test_so_is_a_notice(self):
        ada = UserFactory(email="ada@example.com", language="es")
        with translation.override("en"), TestCase.captureOnCommitCallbacks(execute=True):
            notify(ada, code="a", text=translation.gettext_lazy("Vehicle not found."), mail=True)
        assert ada.notifications.get().text == "No encontramos ese vehículo."
        assert "No encontramos ese vehículo." in mail.outbox[0].body


# Dates, numbers and units

PARIS = SimpleNamespace(time_zone="Europe/Paris")
EVENING = datetime(2026, 7, 1, 20, 5, tzinfo=UTC)


class TestFormats:
    @pytest.fixture(autouse=True)
    def _spanish(self):
        with translation.override("es"):
            yield

    def test_a_moment(self):
        assert ">1 de julio de 2026 a las 22:05</time>" in local_time(EVENING, PARIS)
        assert 'datetime="2026-07-01T22:05:00+02:00"' in local_time(EVENING, PARIS)

    def test_a_span(self):
        span = local_span(EVENING, EVENING + timedelta(minutes=20), PARIS)
        assert ">1 de julio de 2026 a las 22:05</time> &ndash; <time" in span
        assert ">22:25</time>" in span

    def test_a_length(self):
        assert [distance(metres) for metres in (350, 1234, 12_345)] == ["350 m", "1,2 km", "12,3 km"]

    def test_a_duration(self):
        assert duration(timedelta(hours=1, minutes=2, seconds=3)) == "1:02:03"

    def test_a_day_and_a_month(self):
        assert long_day(EVENING.date()) == "Miércoles, 1 de julio de 2026"
        assert date_format(EVENING, "YEAR_MONTH_FORMAT") == "julio de 2026"


def test_a_page_of_no_request_is_in_the_language_of_the_moment():
    with translation.override("es"):
        assert '<html lang="es"' in render_to_string("404.html")
