"""``manage.py regions`` places every table and row on a multi-region cluster."""

from contextlib import suppress

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from accounts.tests.factories import StaffFactory
from cities.management.commands import regions as command
from cities.models import City
from cities.placement import places, service
from cities.placement.plan import (
    PlacementRefused,
    State,
    Table,
    Wanted,
    changes,
    identifier,
    knows,
    leftovers,
    literal,
    read_expression,
    region_expression,
)
from cities.registry import registry
from cities.tests.cluster import Cluster, Stopped, as_printed
from cities.tests.new_city import ADD, LYON

EAST, WEST, EUROPE = "gcp-us-east1", "gcp-us-west1", "gcp-europe-west1"
THREE = [EAST, WEST, EUROPE]
NINE = {
    EAST: ["boston", "new york", "washington dc"],
    WEST: ["los angeles", "san francisco", "seattle"],
    EUROPE: ["amsterdam", "paris", "rome"],
}
TABLES = [
    places.Place("cities", places.GLOBAL, ""),
    places.Place("throttles", places.PRIMARY, ""),
    places.Place("users", places.BY_ROW, ""),
    places.Place("rides", places.BY_ROW, ""),
]


def wanted(cities=None, **asked):
    return Wanted("movr", NINE if cities is None else cities, TABLES, default_primary=EAST, **asked)


def placed(cities=None):
    """A database that is fully placed."""
    by_row = Table(places.BY_ROW, {"region": as_printed(region_expression(NINE if cities is None else cities))})
    tables = {"cities": Table(places.GLOBAL), "throttles": Table(places.PRIMARY), "users": by_row, "rides": by_row}
    return State(EAST, frozenset(THREE), "zone", tables)


def statements(wanted, state):
    return [statement for change in changes(wanted, state) for statement in change.statements]


FRESH = """
ALTER DATABASE "movr" SET PRIMARY REGION "gcp-us-east1"
ALTER DATABASE "movr" ADD REGION IF NOT EXISTS "gcp-europe-west1"
ALTER DATABASE "movr" ADD REGION IF NOT EXISTS "gcp-us-west1"
ALTER DATABASE "movr" SURVIVE REGION FAILURE
ALTER TABLE "cities" SET LOCALITY GLOBAL
ALTER TABLE "throttles" SET LOCALITY REGIONAL BY TABLE IN PRIMARY REGION
ALTER TABLE "users" ADD COLUMN IF NOT EXISTS region crdb_internal_region NOT VISIBLE NOT NULL AS (CASE \
WHEN city IN ('amsterdam', 'paris', 'rome') THEN 'gcp-europe-west1' \
WHEN city IN ('boston', 'new york', 'washington dc') THEN 'gcp-us-east1' \
WHEN city IN ('los angeles', 'san francisco', 'seattle') THEN 'gcp-us-west1' END) STORED
ALTER TABLE "users" SET LOCALITY REGIONAL BY ROW AS region
ALTER TABLE "rides" ADD COLUMN IF NOT EXISTS region crdb_internal_region NOT VISIBLE NOT NULL AS (CASE \
WHEN city IN ('amsterdam', 'paris', 'rome') THEN 'gcp-europe-west1' \
WHEN city IN ('boston', 'new york', 'washington dc') THEN 'gcp-us-east1' \
WHEN city IN ('los angeles', 'san francisco', 'seattle') THEN 'gcp-us-west1' END) STORED
ALTER TABLE "rides" SET LOCALITY REGIONAL BY ROW AS region
"""
SYDNEY = "gcp-australia-southeast1"
WITH_SYDNEY = {EAST: ["boston"], EUROPE: ["paris"], SYDNEY: ["sydney"]}
TENTH_CITY = """
ALTER DATABASE "movr" ADD REGION IF NOT EXISTS "gcp-australia-southeast1"
ALTER TABLE "users" ADD COLUMN IF NOT EXISTS region_new crdb_internal_region NOT VISIBLE NOT NULL AS (CASE \
WHEN city IN ('sydney') THEN 'gcp-australia-southeast1' \
WHEN city IN ('paris') THEN 'gcp-europe-west1' \
WHEN city IN ('boston') THEN 'gcp-us-east1' END) STORED
ALTER TABLE "users" RENAME COLUMN region TO region_old, RENAME COLUMN region_new TO region
ALTER TABLE "users" SET LOCALITY REGIONAL BY ROW AS region
ALTER TABLE "users" DROP COLUMN region_old
ALTER TABLE "rides" ADD COLUMN IF NOT EXISTS region_new crdb_internal_region NOT VISIBLE NOT NULL AS (CASE \
WHEN city IN ('sydney') THEN 'gcp-australia-southeast1' \
WHEN city IN ('paris') THEN 'gcp-europe-west1' \
WHEN city IN ('boston') THEN 'gcp-us-east1' END) STORED
ALTER TABLE "rides" RENAME COLUMN region TO region_old, RENAME COLUMN region_new TO region
ALTER TABLE "rides" SET LOCALITY REGIONAL BY ROW AS region
ALTER TABLE "rides" DROP COLUMN region_old
"""


class TestTheScript:
    def test_of_a_fresh_database(self):
        script = statements(wanted(survive="region"), State())
        assert script == FRESH.strip().splitlines()

    def test_of_one_more_city_in_a_new_region(self):
        before = {EAST: ["boston"], EUROPE: ["paris"]}
        assert statements(wanted(WITH_SYDNEY), placed(before)) == TENTH_CITY.strip().splitlines()

    def test_of_a_placed_database_is_empty(self):
        assert statements(wanted(), placed()) == []
        assert statements(wanted(survive="zone", primary=EAST), placed()) == []

    def test_a_city_that_moves_to_another_region_takes_a_new_column(self):
        moved = {EAST: ["new york"], EUROPE: ["boston", "paris"]}
        assert len(statements(wanted(moved), placed({EAST: ["boston", "new york"], EUROPE: ["paris"]}))) == 8

    def test_a_city_that_is_gone_rewrites_nothing(self):
        assert statements(wanted({EAST: ["boston"]}), placed()) == []

    def test_a_region_without_a_city_is_named_and_stays(self):
        assert leftovers(wanted({EUROPE: ["paris"]}), placed()) == [WEST]  # us-east is the primary region

    def test_the_primary_region_stays_unless_another_is_asked_for(self):
        europe_first = State("gcp-europe-west1", placed().regions, "zone", placed().tables)
        assert statements(wanted(), europe_first) == []
        assert statements(wanted(primary=WEST), placed()) == ['ALTER DATABASE "movr" SET PRIMARY REGION "gcp-us-west1"']

    def test_the_failure_to_survive_stays_unless_another_is_asked_for(self):
        sturdy = State(EAST, placed().regions, "region", placed().tables)
        assert statements(wanted(), sturdy) == []
        assert statements(wanted(survive="zone"), sturdy) == ['ALTER DATABASE "movr" SURVIVE ZONE FAILURE']

    def test_surviving_a_region_takes_three(self):
        with pytest.raises(PlacementRefused, match="takes 3 regions, and there are 2"):
            changes(wanted({EAST: ["boston"], EUROPE: ["paris"]}, survive="region"), State())

    def test_without_a_city_there_is_nothing_to_place(self):
        with pytest.raises(PlacementRefused, match="No city"):
            changes(wanted({}), State())

    def test_a_locked_table_is_unlocked_for_it_and_locked_again(self):
        locked = Table(places.PRIMARY, is_locked=True)
        state = State(EAST, frozenset(THREE), "zone", {**placed().tables, "cities": locked})
        assert statements(wanted(), state) == [
            'ALTER TABLE "cities" SET (schema_locked = false)',
            'ALTER TABLE "cities" SET LOCALITY GLOBAL',
            'ALTER TABLE "cities" SET (schema_locked = true)',
        ]


class TestQuotes:
    def test_a_region_with_quotes_in_it_stays_one_name(self):
        assert identifier('a"; DROP TABLE users; --') == '"a""; DROP TABLE users; --"'

    def test_a_city_with_quotes_in_it_stays_one_text(self):
        assert literal("l'aquila'); DROP TABLE users; --") == "'l''aquila''); DROP TABLE users; --'"

    def test_a_line_break_in_a_region_does_not_leave_its_comment(self, db, capsys):
        City.objects.filter(name="rome").update(region="x\nDROP TABLE users")
        call_command("regions", "sql", "--fresh")
        lines = capsys.readouterr().out.splitlines()
        comments = [line for line in lines if line.startswith("-- The database is not yet in")]
        assert comments == ["-- The database is not yet in gcp-europe-west1, gcp-us-west1, x DROP TABLE users."]
        assert lines.count('DROP TABLE users";') == 1  # inside the quotes of the identifier


class TestTheExpression:
    @pytest.mark.parametrize("names", [["paris"], ["paris", "l'aquila"], ['say "hi"'], ["then when else"], ["a)b,c"]])
    def test_it_is_read_back_from_what_the_database_prints(self, names):
        cities = {EUROPE: names, "it's here": ["new york"]}
        assert knows(region_expression(cities), cities)
        assert knows(as_printed(region_expression(cities)), cities)

    def test_it_is_read_with_one_city_and_with_escapes(self):
        printed = (
            "CASE WHEN city = 'lyon':::STRING THEN 'eu':::@100104 "
            r"WHEN city IN (e'l\'aquila':::STRING,) THEN 'it':::public.crdb_internal_region END"
        )
        assert read_expression(printed) == {"lyon": "eu", "l'aquila": "it"}

    def test_one_with_else_is_not_ours(self):
        assert not knows("CASE WHEN city IN ('paris') THEN 'eu' ELSE 'us' END", {"eu": ["paris"]})


class TestPlaces:
    def test_every_table_of_every_app_has_a_place(self):
        assert sorted(place.table for place in places.places()) == sorted(places.all_tables())

    def test_no_place_is_listed_for_a_missing_table(self):
        assert {*places.EVERYWHERE, *places.IN_ONE_REGION} <= set(places.all_tables())
        assert not {*places.EVERYWHERE} & {*places.IN_ONE_REGION}

    def test_every_place_has_its_reason(self):
        assert all(place.why for place in places.places())

    def test_partitioned_tables_are_found_from_the_models_parents_first(self):
        tables = [
            table for table in places.partitioned_tables() if table in {"users", "notifications", "vehicles", "rides"}
        ]
        assert tables == ["users", "notifications", "vehicles", "rides"]

    def test_no_partitioned_model_has_a_column_of_the_regions_name(self):
        from django.apps import apps

        ours = {"region", "region_new", "region_old"}
        models = filter(places.is_partitioned, apps.get_models())
        assert not any(ours & {field.column for field in model._meta.local_fields} for model in models)

    def test_a_table_without_a_place_is_refused(self, monkeypatch):
        monkeypatch.delitem(places.EVERYWHERE, "documents")
        with pytest.raises(ImproperlyConfigured, match="'documents' has no place"):
            places.places()


@pytest.fixture
def cluster(monkeypatch):
    cluster = Cluster(THREE)
    monkeypatch.setattr(command, "connection", cluster)
    monkeypatch.setattr(service, "POLL_SECONDS", 0)
    return cluster


def run(capsys, *arguments):
    call_command("regions", *arguments)
    return capsys.readouterr().out


@pytest.mark.django_db
class TestOnACluster:
    def test_everything_is_placed_and_the_second_time_there_is_nothing_to_do(self, cluster, capsys):
        assert "tables are in their places." in run(capsys, "apply")
        assert set(cluster.localities.values()) == {places.GLOBAL, places.PRIMARY, places.BY_ROW}
        assert (cluster.primary, set(cluster.database_regions)) == (EAST, set(THREE))
        before = list(cluster.ran)
        assert "in their places" in run(capsys, "apply")
        assert cluster.ran == before
        assert "in their places" in run(capsys, "check")

    def test_check_names_what_is_left_and_fails(self, cluster, capsys):
        run(capsys, "apply")
        City.objects.create(**LYON)
        with pytest.raises(CommandError, match=r"users: its region column is for other cities"):
            call_command("regions", "check")
        with pytest.raises(CommandError, match="Left to do"):
            call_command("regions", "check", "--survive", "region")

    def test_sql_prints_what_apply_would_run(self, cluster, capsys):
        script = [line.removesuffix(";") for line in run(capsys, "sql").splitlines() if not line.startswith("--")]
        run(capsys, "apply")
        assert cluster.ran == script
        assert run(capsys, "sql") == "-- Nothing to do.\n"

    def test_stopped_at_any_statement_it_goes_on_from_there(self, cluster, capsys):
        run(capsys, "apply", "--survive", "region")
        City.objects.create(**LYON)
        placed_before = len(cluster.ran)
        done = False
        while not done:
            cluster.stops_after = len(cluster.ran) + 1
            with suppress(Stopped):
                call_command("regions", "apply")
                done = True
        assert len(cluster.ran) - placed_before == 4 * len(places.partitioned_tables())  # no statement ran twice
        run(capsys, "check")
        assert all(set(columns) == {"region"} for columns in cluster.columns.values())

    def test_a_statement_that_fails_is_shown_with_what_to_do(self, cluster, monkeypatch):
        def fail(*args):
            raise OperationalError("node is shutting down")

        monkeypatch.setattr(cluster, "_change", fail)
        with pytest.raises(CommandError, match=r"node is shutting down\nCompleted statements are kept"):
            call_command("regions", "apply")

    def test_stopped_half_way_and_the_cities_changed_again(self, cluster, capsys):
        run(capsys, "apply")
        for stop in range(1, 5):
            City.objects.create(**LYON | {"name": f"lyon {'x' * stop}", "code": f"LY{stop}"})
            cluster.stops_after = len(cluster.ran) + stop
            with pytest.raises(Stopped):
                call_command("regions", "apply")
            City.objects.create(**LYON | {"name": f"nice {'x' * stop}", "code": f"NI{stop}"})
            cluster.stops_after = None
            assert "in their places" in run(capsys, "apply")

    def test_progress_is_shown(self, cluster, capsys):
        lines = run(capsys, "apply").splitlines()
        assert lines[1] == f'[1/{len(cluster.ran)}] ALTER DATABASE "movr" SET PRIMARY REGION "gcp-us-east1"'
        assert sum(line.startswith("[") for line in lines) == len(cluster.ran)

    def test_it_waits_for_a_running_schema_change(self, cluster, capsys):
        cluster.jobs = [[(7, "running", 0.5, "ALTER TABLE movr.public.users …")], []]
        assert "waiting for job 7 (running, 50%): ALTER TABLE" in run(capsys, "apply")

    def test_it_looks_for_one_before_each_statement_and_after_the_last(self, cluster, capsys):
        run(capsys, "apply")
        assert cluster.looked_after == list(range(len(cluster.ran) + 1))

    def test_it_does_not_wait_for_a_paused_one(self, cluster):
        cluster.jobs = [[(7, "paused", None, "ALTER TABLE movr.public.users …")]]
        with pytest.raises(CommandError, match=r"Resume or cancel this paused job first.*job 7"):
            call_command("regions", "apply")

    def test_a_city_where_no_node_is_is_refused_before_anything_runs(self, cluster):
        City.objects.filter(name="rome").update(region="gcp-europe-wets1")
        with pytest.raises(CommandError, match="The cluster has no nodes in gcp-europe-wets1"):
            call_command("regions", "apply")
        assert cluster.ran == []

    def test_before_migrate_it_is_refused(self, cluster):
        cluster.localities.pop("rides")
        with pytest.raises(CommandError, match="Run migrate first: there is no table rides"):
            call_command("regions", "apply")

    def test_tables_that_are_locked_are_placed_and_locked_again(self, cluster, capsys):
        cluster.locked = set(cluster.localities)
        run(capsys, "apply")
        assert {"cities", "users", "rides"} <= cluster.locked

    def test_the_primary_region_can_be_chosen(self, cluster, capsys):
        run(capsys, "apply", "--primary", EUROPE)
        assert cluster.primary == EUROPE

    def test_a_region_without_a_city_is_named(self, cluster, capsys):
        run(capsys, "apply")
        City.objects.filter(region=WEST).delete()
        assert "gcp-us-west1 has no cities any more." in run(capsys, "check")
        assert WEST in cluster.database_regions

    def test_show_compares_each_table(self, cluster, capsys):
        assert "users: REGIONAL BY ROW AS region (now: not placed)" in run(capsys, "show")
        run(capsys, "apply")
        shown = run(capsys, "show")
        assert "(now:" not in shown
        assert "primary: gcp-us-east1; survives the failure of a zone" in shown


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor == "cockroachdb", reason="about the other engines")
class TestOnOtherEngines:
    @pytest.mark.parametrize("action", ["apply", "check"])
    def test_it_is_refused(self, action):
        with pytest.raises(CommandError, match="Only CockroachDB supports regions"):
            call_command("regions", action)

    @pytest.mark.parametrize("action", ["apply", "check"])
    def test_in_a_release_phase_it_says_so_and_succeeds(self, action, capsys):
        assert run(capsys, action, "--if-cockroachdb").endswith("Nothing to do.\n")

    def test_show_lists_cities_and_places(self, capsys):
        shown = run(capsys, "show")
        assert "gcp-europe-west1: amsterdam, paris, rome" in shown
        assert "throttles: REGIONAL BY TABLE IN PRIMARY REGION" in shown

    def test_the_script_for_a_fresh_database_is_printed(self, capsys):
        script = run(capsys, "sql", "--survive", "region")
        for table in ("users", "rides"):
            assert all(f"{line};" in script for line in FRESH.splitlines() if f'TABLE "{table}"' in line)
        assert " SURVIVE REGION FAILURE;" in script

    def test_the_script_for_a_changed_set_of_cities_is_printed(self, capsys):
        script = run(capsys, "sql", "--changed")
        assert script.startswith("SET sql_safe_updates = false;\n")
        assert script.count("RENAME COLUMN region TO region_old, RENAME COLUMN region_new TO region;") == len(
            places.partitioned_tables()
        )
        assert "SET PRIMARY REGION" not in script


@pytest.mark.django_db
class TestInTheAdmin:
    SENTENCE = "python manage.py regions apply"

    @pytest.fixture(autouse=True)
    def _staff(self, client):
        client.force_login(StaffFactory())
        yield
        registry.clear()

    def test_elsewhere_a_new_city_needs_nothing_more(self, client, monkeypatch):
        monkeypatch.setattr(connection, "vendor", "sqlite")
        assert self.SENTENCE not in client.post(ADD, LYON, follow=True).content.decode()

    def test_on_cockroachdb_staff_read_what_is_left_to_do(self, client, monkeypatch):
        monkeypatch.setattr("cities.admin.is_cockroach", lambda connection: True)
        page = client.post(ADD, LYON, follow=True).content.decode()
        assert self.SENTENCE in page
        assert "accepts no rows of Lyon" in page

    def test_and_when_a_city_moves_to_another_region(self, client, monkeypatch):
        monkeypatch.setattr("cities.admin.is_cockroach", lambda connection: True)
        rome = City.objects.values().get(name="rome")
        url = "/admin/cities/city/rome/change/"
        assert self.SENTENCE not in client.post(url, rome | {"radius_km": 30}, follow=True).content.decode()
        assert self.SENTENCE in client.post(url, rome | {"region": WEST}, follow=True).content.decode()
