"""The latency to expect of an action: a model of round trips, and of nothing else.

A web server stands beside a database node in each region, and the rider asks the nearest. Each step of the
recorded actions is a round trip from the server to that node, and from there to where the rows are.

- Rows of a city are in its region. A search for one row by a key without a city looks in the region at hand
  first, and asks all others at once if it is not there. Any other read without a city asks all.
- A table in the primary region is asked there. GLOBAL tables are read at hand: nothing is added for them,
  nor for the foreign keys, all of which lead to them or carry the city.
- To add a row under keys that are unique in all cities, all regions are asked, once for each key.
- A transaction that wrote ends by asking the farthest region that it wrote in. Where the failure of a region
  is survived, its writes wait for the region nearest to each of those too.
- Left out: the time a server takes to work, retries, waiting for locks, the rider's own way to the server.
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
        """To ask several regions at once takes as long as the farthest."""
        others = self.regions if others is None else others
        return max((self.between(region, other) for other in others), default=0)

    def nearest(self, region: str) -> float:
        return min(self.between(region, other) for other in self.regions if other != region)


class Placed:
    """A database placed as ``manage.py regions`` does it, asked from the region ``here``."""

    def __init__(self, times: Times, *, here: str, home: str, primary: str, survives: str = "zone"):
        self.times, self.here, self.home = times, here, home
        self.primary, self.survives = primary, survives
        self._localities = {place.table: place.locality for place in places()}

    def latency(self, steps: Sequence[Step], region_of: dict[str, str]) -> float:
        """Of an action, in milliseconds; ``region_of`` tells the region of each city that it names."""
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
        return total + self._survival(written)  # a statement without a transaction is one by itself

    def _asked(self, step: Step, region_of: dict[str, str]) -> set[str]:
        """Where the rows of a statement are looked for."""
        localities = {self._localities[table] for table in step.tables}
        if BY_ROW not in localities:
            return {self.primary} if PRIMARY in localities else {self.here}
        if step.exempt is None or step.exempt is UNIQUE:
            return {region_of[city] for city in step.cities}
        if step.exempt.finds_one and self.home == self.here:
            return {self.here}
        return set(self.times.regions)

    def _written(self, step: Step, region_of: dict[str, str]) -> set[str]:
        """Where the rows are that it writes: those without a city are the person's own."""
        return {self.home} if step.exempt and step.exempt is not UNIQUE else self._asked(step, region_of)

    def _survival(self, written: set[str]) -> float:
        return max(map(self.times.nearest, written), default=0) if self.survives == "region" else 0


def unplaced(times: Times, round_trips: int, *, here: str, database: str) -> float:
    """As many round trips from a server in one region to a database in another, or in the same."""
    return round_trips * (times.within + times.between(here, database))
