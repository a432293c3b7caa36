"""Report the model's results as text, tables and a chart."""

from collections.abc import Iterator
from dataclasses import dataclass

from cities.registry import registry

from .actions import ACTIONS, Action, record
from .chart import Bar, chart
from .latency import Placed, Times, unplaced
from .markdown import markdown
from .recording import Step

DATABASE = "gcp-us-east1"  # the only region of a single database, and the primary one of a placed one
SHOWN = "gcp-europe-west1"
# Round trips counted in the reference application, CockroachDB's MovR in Flask. It doesn't check who ends a ride.
REFERENCE = {"vehicle list": 10, "start a ride": 17, "end a ride": 8, "own rides": 10}


@dataclass(frozen=True)
class Expected:
    """The expected latency of an action, in milliseconds, for a rider at home in a region."""

    action: str
    placed: float
    surviving: float
    far: float  # from servers in the region to a single remote database
    elsewhere: float  # with the server next to that database, and a longer way for the rider's request
    reference: float | None


class Model:
    """The recorded actions, and the regions of the cities they name."""

    def __init__(self, times: Times):
        self.times = times
        cities = {region.name: names[0].name for region, names in registry.by_region() if region.name in times.regions}
        self.cities = {region: cities[region] for region in times.regions}  # a KeyError names a region without a city
        self.region_of = {city: region for region, city in self.cities.items()}
        self._recorded: dict[tuple[str, str, str], list[Step]] = {}

    def steps(self, action: Action, home: str, here: str) -> list[Step]:
        key = (action.name, home, here)
        if key not in self._recorded:
            self._recorded[key] = record(action, self.cities[home], self.cities[here])
        return self._recorded[key]

    def placed(self, action: Action, home: str, here: str, survives: str = "zone") -> float:
        place = Placed(self.times, here=here, home=home, primary=DATABASE, survives=survives)
        return place.latency(self.steps(action, home, here), self.region_of)

    def expected(self, action: Action, region: str) -> Expected:
        trips = len(self.steps(action, region, region))
        reference = REFERENCE.get(action.name)
        return Expected(
            action.name,
            placed=self.placed(action, region, region),
            surviving=self.placed(action, region, region, "region"),
            far=unplaced(self.times, trips, here=region, database=DATABASE),
            elsewhere=trips * self.times.within + self.times.between(region, DATABASE),
            reference=reference and unplaced(self.times, reference, here=region, database=DATABASE),
        )


HEADS = (
    "Action",
    "placed",
    "placed, surviving a region",
    f"servers here, one database in {DATABASE}",
    f"server and database in {DATABASE}",
    "the reference application, like the third",
)


def at_home(model: Model, region: str) -> list[str]:
    """Return a table for riders at home in a region."""
    rows = [
        [one.action, *map(milliseconds, (one.placed, one.surviving, one.far, one.elsewhere, one.reference))]
        for one in (model.expected(action, region) for action in ACTIONS)
    ]
    return markdown(HEADS, rows)


def guests(model: Model) -> list[str]:
    """Return a table for riders of one region in a city of another."""
    pairs = [(home, here) for home in model.times.regions for here in model.times.regions if home != here]
    rows = [
        [action.name, *(milliseconds(model.placed(action, *pair)) for pair in pairs)]
        for action in ACTIONS
        if action.for_guests
    ]
    heads = [f"{short(home)} in {short(here)}" for home, here in pairs]
    return markdown(["Action", *heads], rows)


def made(model: Model) -> str:
    """Return the section for docs/multi-region.md."""
    sources = [f"- {source}" for source in model.times.sources]
    return "\n".join(
        [
            f"A rider at home in {SHOWN}, in milliseconds:",
            "",
            *at_home(model, SHOWN),
            "",
            "A rider of one region as a guest in another (home in here), placed:",
            "",
            *guests(model),
            "",
            "Round-trip times from:",
            "",
            *sources,
            "",
        ]
    )


def printed(model: Model) -> Iterator[str]:
    """Return all regions' tables for the terminal."""
    for region in model.times.regions:
        yield from ["", f"At home in {region} (ms)", *at_home(model, region)]
    yield from ["", "As a guest, placed (ms)", *guests(model)]


def drawn(model: Model) -> str:
    """Return the chart as SVG."""
    bars: list[Bar] = []
    for action in ACTIONS:
        one = model.expected(action, SHOWN)
        series = {"placed": one.placed, "together": one.elsewhere, "far": one.far, "reference": one.reference}
        bars.append(Bar(one.action, series))
    names = {
        "placed": "placed by manage.py regions",
        "together": f"servers and one database in {DATABASE}",
        "far": f"servers here, one database in {DATABASE}",
        "reference": "the reference application, like the third",
    }
    return chart(f"Waiting for the database: a rider at home in {SHOWN}, in ms (a model)", names, bars)


def short(region: str) -> str:
    return region.removeprefix("gcp-")


def milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
