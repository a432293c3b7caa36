"""``python -m bench``: see script/bench, which gives it a database of its own."""

import argparse
import os
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, CHART = DOCS / "multi-region.md", DOCS / "pictures" / "latency.svg"


def main() -> None:
    options = arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movr_project.settings")
    import django
    from django.test.utils import setup_test_environment

    django.setup()
    setup_test_environment()
    options.run(options)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description="What everyday actions cost.")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    locality = actions.add_parser("locality", help="each action's statements, and where each goes")
    regions = actions.add_parser("regions", help="the latency to expect of each action, across regions")
    regions.add_argument("--times", type=Path, help="another file than bench/round_trip_times.csv")
    for action, run in ((locality, run_locality), (regions, run_regions)):
        action.add_argument("--write", action="store_true", help="write it into docs/multi-region.md")
        action.set_defaults(run=run)
    map_ = actions.add_parser("map", help="the time of the map's answer beside that of its bare statements")
    map_.add_argument("--vehicles", type=int, default=50_000, help="in one city (50,000)")
    map_.set_defaults(run=run_map)
    calendar = actions.add_parser("calendar", help="calendars in a city with many allocations and in one with few")
    calendar.add_argument("--vehicles", type=int, default=50_000, help="in each of the two cities (50,000)")
    calendar.add_argument("--allocations", type=int, default=1_000_000, help="in the full one (1,000,000)")
    calendar.add_argument("--few", type=int, default=1_000, help="in the other one (1,000)")
    calendar.set_defaults(run=run_calendar)
    return parser.parse_args()


def run_locality(options: argparse.Namespace) -> None:
    from bench.pages import write
    from bench.table import table

    made = table()
    if options.write:
        write(PAGE, "locality", made)
    else:
        sys.stdout.write(made)


def run_regions(options: argparse.Namespace) -> None:
    from bench import latency, report
    from bench.pages import write

    model = report.Model(latency.Times.read(options.times or latency.TIMES))
    if options.write:
        write(PAGE, "regions", report.made(model))
        CHART.write_text(report.drawn(model))
    else:
        sys.stdout.write(f"{latency.__doc__}\n")
        sys.stdout.writelines(f"{line}\n" for line in report.printed(model))


def run_map(options: argparse.Namespace) -> None:
    from bench.map import fill, printed

    fill(options.vehicles)
    sys.stdout.writelines(f"{line}\n" for line in printed(options.vehicles))


def run_calendar(options: argparse.Namespace) -> None:
    from bench.calendar import printed

    for line in printed(vehicles=options.vehicles, allocations=options.allocations, few=options.few):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
