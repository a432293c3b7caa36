"""docs/multi-region.md matches the recorded actions and the latency model."""

from xml.etree import ElementTree

import pytest
from django.conf import settings

from bench.actions import ACTIONS, Scene, no_mail, record
from bench.latency import Placed, Times, unplaced
from bench.markers import between, replaced
from bench.recording import BEGIN, COMMIT, UNIQUE, Exempt, Step, Unexplained, keys_without_city, recorded, step
from bench.report import Model, drawn, made
from bench.table import table
from cities.placement.locality import LOGGED_IN_PERSON
from fleet.models import Vehicle
from movr_project.tests.databases import on_server
from movr_project.tests.round_trips import counted_round_trips

DOCS = settings.BASE_DIR / "docs"
PAGE = DOCS / "multi-region.md"
CHART = DOCS / "pictures" / "latency.svg"
BY_ID = Exempt.by_rule("by id", LOGGED_IN_PERSON, finds_one=True)

committing = pytest.mark.django_db(transaction=True)
EAST, WEST, EUROPE = "gcp-us-east1", "gcp-us-west1", "gcp-europe-west1"
REGION_OF = {"new york": EAST, "seattle": WEST, "paris": EUROPE}


@committing
@on_server
def test_the_table_in_the_documentation_is_what_the_actions_do():
    assert between(PAGE.read_text(), "locality") == table(), "Run script/bench locality --write."


@committing
@on_server
def test_the_latencies_in_the_documentation_and_its_chart_are_what_the_model_expects():
    model = Model(Times.read())
    assert between(PAGE.read_text(), "regions") == made(model), "Run script/bench regions --write."
    assert CHART.read_text() == drawn(model), "Run script/bench regions --write."


@committing
@on_server
@pytest.mark.parametrize("action", [action for action in ACTIONS if action.for_guests], ids=lambda action: action.name)
def test_people_at_home_and_guests_ask_the_same(action):
    home, guest = record(action, "paris", "paris"), record(action, "paris", "new york")
    assert [(step.verb, step.tables) for step in home] == [(step.verb, step.tables) for step in guest]


@committing
@on_server
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_the_round_trips_are_those_on_the_wire(action):
    expected = len(record(action, "paris", "paris"))
    ask = action.prepare(Scene("paris", "paris"))
    with no_mail(), counted_round_trips() as relay:
        Vehicle.objects.exists()
        relay.round_trips = 0
        ask()
        assert relay.round_trips == expected


@pytest.mark.django_db
class TestRecording:
    def test_a_statement_that_names_no_city_needs_an_exception(self):
        with pytest.raises(Unexplained), recorded():
            Vehicle.objects.filter(color="red").exists()

    def test_a_city_among_the_values_is_the_one_it_names(self):
        sql = 'SELECT 1 FROM "vehicles" WHERE "vehicles"."city" = %s AND "vehicles"."color" = %s'
        assert step(sql, ("paris", "red"), ()) == Step("SELECT", ("vehicles",), frozenset({"paris"}))

    def test_rows_that_are_inserted_together_each_name_theirs(self):
        sql = 'INSERT INTO "vehicles" ("city", "color") SELECT * FROM UNNEST((%s)::varchar[], (%s)::varchar[])'
        assert step(sql, (["paris", "seattle"], ["red", "red"]), ()).cities == {"paris", "seattle"}

    def test_an_exception_is_kept_by_name(self):
        assert step('SELECT 1 FROM "users" WHERE "users"."id" = %s', (7,), (BY_ID,)).exempt.name == "by id"

    def test_the_keys_that_hold_in_all_cities_are_found_from_the_models(self):
        assert keys_without_city("users") == [("id",), ("username",), ("email",)]
        assert keys_without_city("rides") == keys_without_city("vehicles") == keys_without_city("cities") == []
        assert step('INSERT INTO "users" ("city") VALUES (%s)', ("paris",), ()).exempt is UNIQUE


def placed(*steps, here=EAST, home=EAST, survives="zone"):
    place = Placed(Times.read(), here=here, home=home, primary=EAST, survives=survives)
    return place.latency(steps, REGION_OF)


def named(verb, table, *cities):
    return Step(verb, (table,), frozenset(cities))


@pytest.mark.django_db
class TestTheModel:
    def test_a_read_in_the_region_is_one_round_trip_there(self):
        assert placed(named("SELECT", "vehicles", "new york")) == 1

    def test_a_read_of_a_city_elsewhere_goes_there(self):
        assert placed(named("SELECT", "vehicles", "seattle")) == 1 + 66

    def test_a_search_without_a_city_ends_in_the_region_for_who_is_at_home(self):
        by_id = Step("SELECT", ("users",), exempt=BY_ID)
        assert placed(by_id) == 1
        assert placed(by_id, home=EUROPE) == 1 + 66  # all others are queried in parallel

    def test_reference_data_is_read_at_hand_and_other_tables_in_the_primary_region(self):
        assert placed(named("SELECT", "documents"), here=EUROPE) == 1
        assert placed(named("SELECT", "throttles"), here=EUROPE) == 1 + 64

    def test_a_transaction_ends_where_it_wrote(self):
        assert placed(BEGIN, named("UPDATE", "rides", "new york"), COMMIT) == 3
        assert placed(BEGIN, named("UPDATE", "rides", "paris"), COMMIT) == 3 + 64 + 64
        assert placed(BEGIN, named("SELECT", "rides", "paris"), COMMIT) == 3 + 64

    def test_to_survive_a_region_writes_wait_for_the_nearest_other(self):
        write = named("UPDATE", "rides", "seattle")
        assert placed(BEGIN, write, COMMIT, here=WEST, survives="region") == 3 + 66
        assert placed(write, here=WEST, survives="region") == 1 + 66
        assert placed(named("SELECT", "rides", "seattle"), here=WEST, survives="region") == 1

    def test_a_new_person_is_looked_for_everywhere_under_each_key(self):
        added = Step("INSERT", ("users",), frozenset({"new york"}), UNIQUE)
        assert placed(added) == 1 + 3 * 66

    def test_one_database_takes_each_round_trip_to_where_it_is(self):
        assert unplaced(Times.read(), 17, here=EUROPE, database=EAST) == 17 * (64 + 1)
        assert unplaced(Times.read(), 17, here=EAST, database=EAST) == 17


def test_text_around_the_markers_stays():
    page = "a\n<!-- made by script/bench x --write -->\n\nold\n\n<!-- end of script/bench x -->\nb"
    assert replaced(page, "x", "new\n") == page.replace("old\n", "new\n")
    assert between(replaced(page, "x", "new\n"), "x") == "new\n"


def test_every_round_trip_time_has_its_source():
    assert all("measured" in source or "Google" in source for source in Times.read().sources)


def test_the_chart_is_well_formed_and_has_a_title():
    root = ElementTree.parse(CHART).getroot()  # noqa: S314  (our own)
    assert root.find("{http://www.w3.org/2000/svg}title").text.startswith("Waiting for the database")
