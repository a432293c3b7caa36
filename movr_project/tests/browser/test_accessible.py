"""Accessibility of every page: axe-core, the narrowest screen, the keyboard, and forms with errors."""

import pytest
from django.conf import settings as configured
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import User
from movr_project.tests import sweep
from movr_project.tests.browser.axe import violations, with_axe
from movr_project.tests.browser.conftest import DESKTOP, PATIENCE_MS, PHONE
from movr_project.tests.browser.steps import open_end_form, session_cookie
from rides.models import Ride

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


NARROWEST = {"width": 320, "height": 640}  # 1280 pixels at four times the size
LANGUAGES = [code for code, _name in configured.LANGUAGES]
STAFF = sweep.SUPERUSER

# Pages that the table's URLs don't cover: empty lists, last pages, states and errors.
MORE = {
    sweep.NOBODY: ["/nowhere/", "/rides/start/paris/00000000-0000-0000-0000-000000000000/", "/v/?code=nonsense"],
    sweep.RIDER: [
        "/vehicles/?page=9",
        "/rides/?page=9",
        "/vehicles/?type=bike",
        "/vehicles/?view=list&lat=48.85&lon=2.35",
        "/vehicles/?battery=75&lat=48.85&lon=2.35&place=Louvre",
        "/vehicles/search/?q=louvre",
    ],
    sweep.OTHER_RIDER: ["/rides/", "/notifications/", "/nowhere/"],
    STAFF: ["/admin/", *sweep.ADMIN_LISTS, "/admin/fleet/vehicle/add/"],
}


@pytest.fixture
def open_as(chromium, live_server, settings, world):
    """``open_as(who, "es")`` opens a page logged in as someone from the sweep's world."""
    settings.STAFF_SECOND_FACTOR = False
    settings.MAP_TILE_URL = ""  # don't request tiles from another server
    contexts = []

    def open_(who=sweep.NOBODY, language="en", viewport=PHONE, **options):
        context = chromium.new_context(
            base_url=live_server.url, viewport=viewport, locale=language, reduced_motion="reduce", **options
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if who in world.people:
            context.add_cookies([session_of(world.people[who], language, live_server.url)])
        return context.new_page()

    yield open_
    for context in contexts:
        context.close()


def session_of(person, language, url):
    User.objects.filter(pk=person.pk).update(language=language)
    return session_cookie(User.objects.get(pk=person.pk), url)


def pages_of(world, who):
    """Return the URLs that show this person something new, compared with those before them in LOOKERS."""
    before = LOOKERS[: LOOKERS.index(who)]
    rows = [
        (name, row)
        for name, row in sweep.TABLE.items()
        if name not in OF_MACHINES
        and row.get.get(who) == 200
        and (name in DIFFERENT or all(row.get.get(other) != 200 for other in before))
    ]
    return [reverse(name, args=row.args(world)) for name, row in rows] + extra_pages(world, who)


LOOKERS = [sweep.NOBODY, sweep.RIDER, sweep.OTHER_RIDER, sweep.OWNER, STAFF]
OF_MACHINES = {
    "robots",
    "manifest",
    "service_worker",
    "fleet:vehicle_map",
    "gbfs:manifest",
    "gbfs:file",
    "photos:photo",
    "rides:place_words",
}
# These differ between people.
DIFFERENT = {"fleet:vehicle_detail", "fleet:vehicle_label", "accounts:profile", "rides:ride_list", "fleet:vehicle_list"}


def extra_pages(world, who):
    pages = list(MORE.get(who, []))
    if who == sweep.RIDER:
        pages.append(Ride.objects.of_rider(world.rider).ended().get().get_absolute_url())
    return pages


def forms_of(world, who):
    """Return the URLs of forms that show errors when submitted empty, by the first person who can."""
    before = SENDERS[: SENDERS.index(who)]
    rows = {
        name: row
        for name, row in sweep.TABLE.items()
        if name not in WITHOUT_FORM
        and row.get.get(who) == row.post.get(who) == 200
        and all(row.post.get(other) != 200 for other in before)
    }
    return [reverse(name, args=row.args(world)) for name, row in rows.items()]


SENDERS = [sweep.NOBODY, sweep.OTHER_RIDER, sweep.OWNER, STAFF]  # people who are riding can't submit all of them
WITHOUT_FORM = {
    "accounts:password_reset_confirm",
    "accounts:email_confirm",
    "accounts:log_in_link",
}  # with an invalid link


SEND_EMPTY = """address => {
  const forms = [...document.querySelectorAll("main form[method=post], #content-main form")];
  const form = forms.length === 1 ? forms[0] : forms.find(form => new URL(form.action).pathname === address);
  form.noValidate = true;
  for (const field of form.querySelectorAll("input:not([type=hidden], [type=radio], [type=checkbox]), textarea")) {
    field.value = "";
  }
  for (const field of form.querySelectorAll("select")) field.selectedIndex = -1;
  form.requestSubmit();
}"""


def open_with_errors(page, address):
    page.goto(address)
    with page.expect_navigation():
        page.evaluate(SEND_EMPTY, address)


def looked_at(page, language):
    """Return a page's problems in light mode, in dark mode, and on the narrowest screen.

    In other languages than English, only those that depend on words: of language, names and width. The admin's pages
    have the same few colors, so some of them are looked at in dark mode, on a desk.
    """
    if language != "en":
        return violations(page, only=OF_WORDS) + too_wide(page)
    found = violations(page)
    if "/admin/" not in page.url:
        found += in_dark_mode(page)
    return found + too_wide(page)


def in_dark_mode(page):
    page.emulate_media(color_scheme="dark")
    found = [f"dark: {line}" for line in violations(page, only=["color-contrast"])]
    page.emulate_media(color_scheme="light")
    return found


OF_WORDS = ["html-has-lang", "valid-lang", "button-name", "link-name", "label", "document-title", "target-size"]


def too_wide(page):
    before = page.viewport_size
    page.set_viewport_size(NARROWEST)
    lines = page.evaluate(STICKING_OUT)
    page.set_viewport_size(before)
    return lines


STICKING_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")].filter(element => element.checkVisibility())
    .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
    .map(element => `sticks out at the side: ${element.outerHTML.slice(0, 90)}`).slice(0, 3)"""


def report(found):
    return "\n".join(f"{where}\n    " + "\n    ".join(lines) for where, lines in found.items())


def in_languages(people):
    """Everybody's pages in English, and the first person's in every language."""
    pairs = [(who, "en") for who in people] + [(people[0], other) for other in LANGUAGES if other != "en"]
    return pytest.mark.parametrize(("who", "language"), pairs)


@pytest.mark.long
@in_languages([sweep.RIDER, sweep.NOBODY, sweep.OTHER_RIDER, sweep.OWNER, STAFF])
def test_axe_finds_nothing_on_any_page(world, open_as, who, language):
    page = with_axe(open_as(who, language))
    found = {}
    for address in pages_of(world, who):
        page.goto(address)
        if lines := looked_at(page, language):
            found[address] = lines
    assert not found, report(found)


@pytest.mark.long
@in_languages([sweep.OTHER_RIDER, sweep.NOBODY, sweep.OWNER, STAFF])
def test_axe_finds_nothing_in_forms_with_errors(world, open_as, who, language):
    page = with_axe(open_as(who, language))
    found = {}
    for address in forms_of(world, who):
        open_with_errors(page, address)
        if lines := looked_at(page, language) + errors_not_told(page):
            found[address] = lines
    assert not found, report(found)


# Fields with errors are marked and linked to their message. The first one, or a summary, has the focus.
NOT_TOLD = """() => {
  const wrong = [...document.querySelectorAll("main .is-invalid, main [aria-invalid=true]")];
  const summary = document.querySelector("main form .alert-danger");
  const said = field => (field.closest("[aria-describedby]")?.getAttribute("aria-describedby") || "").split(" ")
    .some(id => id && document.getElementById(id)?.textContent.trim());
  const lines = wrong.filter(field => field.matches("input, select, textarea"))
    .filter(field => field.getAttribute("aria-invalid") !== "true" || !said(field))
    .map(field => `its error is not announced: ${field.name}`);
  if (!document.activeElement.matches("main .is-invalid") && document.activeElement !== summary) {
    lines.push(`the focus is on ${document.activeElement.outerHTML.slice(0, 80)}`);
  }
  return lines;
}"""


def errors_not_told(page):
    return [] if "/admin/" in page.url else page.evaluate(NOT_TOLD)


@pytest.mark.parametrize("who", [sweep.NOBODY, sweep.RIDER, STAFF])
def test_axe_finds_nothing_on_a_desk(world, open_as, who):
    page = with_axe(open_as(who, viewport=DESKTOP))
    found = {}
    for address in WIDE[who]:
        page.goto(address)
        if lines := violations(page) + in_dark_mode(page):
            found[address] = lines
    assert not found, report(found)


WIDE = {
    sweep.NOBODY: ["/", "/login/"],
    sweep.RIDER: ["/vehicles/", "/rides/", "/profile/", "/bookings/"],
    STAFF: ["/admin/", "/admin/fleet/vehicle/", "/admin/fleet/allocation/calendar/"],
}


# The keyboard


FOCUSED = """() => {
  const element = document.activeElement;
  const {outlineStyle, outlineWidth} = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    name: (element.innerText || element.getAttribute("aria-label") || element.name || element.id).trim(),
    outlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    covered: Boolean(top) && !element.contains(top) && !top.contains(element),
    isLast: element === document.body,
  };
}"""


def tab_stops(page, most=60):
    """Return the elements that the Tab key reaches, in order."""
    for _number in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop["isLast"]:
            return
        yield stop


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desk"])
@pytest.mark.parametrize("address", ["/vehicles/", "/rides/", "/profile/edit/"])
def test_the_focus_is_always_seen(open_as, viewport, address):
    page = open_as(sweep.RIDER, viewport=viewport)
    page.goto(address)
    stops = list(tab_stops(page))
    assert len(stops) > 10
    assert [stop["name"] for stop in stops if not stop["outlined"]] == []
    assert [stop["name"] for stop in stops if stop["covered"]] == []


def test_the_first_key_skips_to_the_content(open_as):
    page = open_as(sweep.RIDER)
    page.goto("/profile/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_main_job_is_done_by_keyboard_alone(world, open_as):
    page = open_as(sweep.OTHER_RIDER)
    page.goto(f"/v/{world.vehicle.code}/")
    go_to(page, "Start ride")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rides/")
    go_to(page, "End ride")
    page.keyboard.press("Enter")
    go_to(page, "end_location")
    page.keyboard.type("Eiffel Tower")
    go_to(page, "End ride here")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Ride ended.")).to_be_visible()


def go_to(page, name):
    assert any(name in stop["name"] for stop in tab_stops(page)), name


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desk"])
@pytest.mark.parametrize("menu", [".city-menu", ".user-menu"])
def test_a_menu_opens_and_closes_by_keyboard(open_as, viewport, menu):
    page = open_as(sweep.RIDER, viewport=viewport)
    page.goto("/help/")
    page.locator(f"{menu} > summary").focus()
    page.keyboard.press("Enter")
    inside = page.locator(f"{menu} .menu-panel :is(a, button)")
    expect(inside.first).to_be_visible()
    page.keyboard.press("Tab")
    expect(inside.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(inside.first).to_be_hidden()
    expect(page.locator(f"{menu} > summary")).to_be_focused()


# Motion


@pytest.mark.parametrize(("motion", "moving"), [("no-preference", 1), ("reduce", 0)])
def test_nothing_moves_with_reduced_motion(open_as, motion, moving):
    page = open_as(sweep.RIDER)
    page.emulate_media(reduced_motion=motion)
    page.goto("/help/")
    assert page.evaluate("document.getAnimations().length") == moving


LARGEST_SHIFT = 0.05  # layout shift score; up to 0.1 counts as good
SHIFTS = """() => new Promise(done => {
  let shifted = 0;
  const moved = [];
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
      shifted += entry.value;
      moved.push(...entry.sources.map(({node}) => node?.outerHTML?.slice(0, 80)));
    }
  }).observe({type: "layout-shift", buffered: true});
  setTimeout(() => done([shifted, moved]), 700);
})"""


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desk"])
def test_nothing_jumps_while_a_page_loads(world, open_as, viewport):
    page = open_as(sweep.RIDER, viewport=viewport)
    shifts = {}
    for address in ("/vehicles/", "/rides/", f"/v/{world.vehicle.code}/", "/profile/", "/bookings/"):
        page.goto(address)
        shifts[address] = page.evaluate(SHIFTS)
    page = open_as(viewport=viewport)
    for address in ("/", "/register/"):
        page.goto(address)
        shifts[address] = page.evaluate(SHIFTS)
    assert {address: moved for address, (shift, moved) in shifts.items() if shift >= LARGEST_SHIFT} == {}


def test_the_end_ride_button_does_not_move_while_someone_reaches_for_it(open_as):
    page = open_as(sweep.RIDER)
    page.goto("/rides/")
    open_end_form(page)
    page.get_by_label("Where are you leaving the vehicle?").fill("Eiffel Tower")
    page.locator(".position summary").click()
    page.get_by_label("Latitude").fill("48.858370")
    page.get_by_label("Longitude").fill("2.294481")
    page.get_by_role("button", name="End ride here").click()
    expect(page.get_by_role("status").filter(has_text="Ride ended.")).to_be_visible()


def test_a_summary_is_printed_black_on_white_whatever_the_theme(world, open_as):
    page = open_as(sweep.RIDER, color_scheme="dark")
    page.goto(Ride.objects.of_rider(world.rider).ended().get().get_absolute_url())
    page.emulate_media(media="print")
    color = "element => getComputedStyle(element)"
    assert page.locator("main .card").first.evaluate(f"{color}.backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("main .summary-figures dd").first.evaluate(f"{color}.color") == "rgb(0, 0, 0)"
    expect(page.locator(".topbar")).to_be_hidden()
