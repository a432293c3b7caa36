"""Place this database. The wanted state comes from the cities and the models."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings

from ..models import City
from .cluster import cluster_regions, read_state, schema_jobs
from .places import BY_ROW, Place, places
from .plan import Change, PlacementRefused, State, Table, Wanted, changes, primary_region

COMMAND = "python manage.py regions apply"
POLL_SECONDS = 1.0
QUIET_SECONDS = 10.0


def wanted_placement(database: str, *, primary: str = "", survive: str = "") -> Wanted:
    """Return the wanted state. Read the table, as another process may have just added a city."""
    region_of = {city.name: city.region for city in City.objects.all()}
    cities: dict[str, list[str]] = {}
    for name, region in sorted(region_of.items()):
        cities.setdefault(region, []).append(name)
    default = region_of.get(settings.DEFAULT_CITY) or min(cities, default="")
    return Wanted(database, cities, places(), default_primary=default, primary=primary, survive=survive)


def placed_for_other_cities(wanted: Wanted) -> State:
    """Return the state before the set of cities changed, for a script made on another machine."""
    tables = {place.table: _as_placed(place) for place in wanted.places}
    return State(primary=wanted.default_primary, tables=tables)


def _as_placed(place: Place) -> Table:
    return Table(BY_ROW, {"region": ""}) if place.is_by_row else Table(place.locality)


def changes_left(cursor: Any, wanted: Wanted) -> tuple[State, list[Change]]:
    """Return the current state and the remaining changes. Raise ``PlacementRefused``."""
    state = read_state(cursor, wanted.database, [place.table for place in wanted.places])
    missing = sorted({place.table for place in wanted.places} - state.tables.keys())
    if missing:
        raise PlacementRefused(f"Run migrate first: there is no table {', '.join(missing)}.")
    without_node = sorted({primary_region(wanted, state), *wanted.cities} - cluster_regions(cursor))
    if without_node:
        raise PlacementRefused(
            f"The cluster has no nodes in {', '.join(without_node)}. Start some with --locality=region=…, "
            "or correct the city's region."
        )
    return state, changes(wanted, state)


def run(cursor: Any, left: list[Change], say: Callable[[str], None]) -> None:
    """Run the changes one statement at a time, waiting for each to complete.

    CockroachDB changes schemas outside transactions. After an interruption, run it again to continue.
    """
    total = sum(len(change.statements) for change in left)
    number = 0
    for change in left:
        say(change.why)
        for statement in change.statements:
            number += 1
            wait_for_schema_jobs(cursor, say)
            say(f"[{number}/{total}] {statement}")
            cursor.execute(statement)
    wait_for_schema_jobs(cursor, say)


def wait_for_schema_jobs(cursor: Any, say: Callable[[str], None]) -> None:
    """Wait until no schema change is running. Raise ``PlacementRefused`` if one is paused."""
    for waited in _waiting():
        jobs = schema_jobs(cursor)
        if not jobs:
            return
        paused = next((job for job in jobs if job.is_paused), None)
        if paused:
            raise PlacementRefused(f"Resume or cancel this paused job first: {paused}")
        if waited % QUIET_SECONDS == 0:
            say(f"      waiting for {jobs[0]}")
        time.sleep(POLL_SECONDS)


def _waiting() -> Iterator[float]:
    waited = 0.0
    while True:
        yield waited
        waited += POLL_SECONDS


def cities_by_region(cities: Mapping[str, list[str]]) -> Iterator[str]:
    """Format for people, one per line."""
    for region, names in sorted(cities.items()):
        yield f"{region}: {', '.join(names)}"
