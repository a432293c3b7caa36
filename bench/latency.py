"""A model of an action's latency, based on round trips alone.

A web server is next to a database node in each region, and riders use the nearest one. Each recorded step is a round
trip from the server to that node, and from there to the rows.

- A city's rows are in its region. A search for a single row by a key without a city tries the local region first, and
  then all others in parallel. Any other read without a city queries all regions.
- A table in the primary region is queried there. GLOBAL tables are read locally and add nothing, nor do foreign keys,
  which all refer to them or include the city.
- Inserting a row with keys that are unique across cities queries all regions, once per key.
- A transaction with writes ends with a round trip to the farthest region written to. With region survival, its writes
  also wait for the region nearest to each of those.
- Not included: processing time, retries, waits for locks, and the network between rider and server.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from cities.placement.places import BY_ROW, PRIMARY, places

from .recording import UNIQUE, Step, keys_without_city

TIMES = Path(__file__).with_name("round_trip_times.csv")
ANY = "*"


class Times:
    """Round-trip times between regions, in milliseconds."""

    def __init__(self, rows: Iterable[dict[str, str]]):
        self._ms: dict[frozenset[str], float] = {}
        self.sources: dict[str, None] = {}
        for row in rows:
            self._ms[frozenset({row["from"], row["to"]})] = float(row["ms"])
            self.sources[row["source"]] = None
        self.within = self._ms.pop(frozenset({ANY}))
        self.regions = sorted({region for pair in self._ms for region in pair})

    @classmethod
    def read(cls, path: Path = TIMES) -> "Times":
        with path.open(newline="") as file:
            return cls(csv.DictReader(file))

    def between(self, one: str, other: str) -> float:
        return 0 if one == other else self._ms[frozenset({one, other})]

    def farthest(self, region: str, others: Iterable[str] | None = None) -> float:
        """Return the longest round trip: querying several regions in parallel takes that long."""
        others = self.regions if others is None else others
        return max((self.between(region, other) for other in others), default=0)

    def nearest(self, region: str) -> float:
        return min(self.between(region, other) for other in self.regions if other != region)


class Placed:
    """A database placed by ``manage.py regions``, queried from the region ``here``."""

    def __init__(self, times: Times, *, here: str, home: str, primary: str, survives: str = "zone"):
        self.times, self.here, self.home = times, here, home
        self.primary, self.survives = primary, survives
        self._localities = {place.table: place.locality for place in places()}

    def latency(self, steps: Sequence[Step], region_of: dict[str, str]) -> float:
        """Return the latency of an action in milliseconds. ``region_of`` maps its cities to regions."""
        total = 0.0
        written: set[str] = set()
        for step in steps:
            total += self.times.within + self.times.farthest(self.here, self._asked(step, region_of))
            if step.exempt is UNIQUE:
                total += sum(len(keys_without_city(table)) for table in step.tables) * self.times.farthest(self.here)
            if step.writes:
                written |= self._written(step, region_of)
            if step.verb == "COMMIT":
                total += self.times.farthest(self.here, written) + self._survival(written)
                written = set()
        return total + self._survival(written)  # a statement outside a transaction is a transaction of its own

    def _asked(self, step: Step, region_of: dict[str, str]) -> set[str]:
        """Return the regions in which a statement's rows are searched."""
        localities = {self._localities[table] for table in step.tables}
        if BY_ROW not in localities:
            return {self.primary} if PRIMARY in localities else {self.here}
        if step.exempt is None or step.exempt is UNIQUE:
            return {region_of[city] for city in step.cities}
        if step.exempt.finds_one and self.home == self.here:
            return {self.here}
        return set(self.times.regions)

    def _written(self, step: Step, region_of: dict[str, str]) -> set[str]:
        """Return the regions that it writes to. Rows without a city are the person's own."""
        return {self.home} if step.exempt and step.exempt is not UNIQUE else self._asked(step, region_of)

    def _survival(self, written: set[str]) -> float:
        return max(map(self.times.nearest, written), default=0) if self.survives == "region" else 0


def unplaced(times: Times, round_trips: int, *, here: str, database: str) -> float:
    """Return the latency of round trips from a server in one region to a database in another, or the same, region."""
    return round_trips * (times.within + times.between(here, database))
