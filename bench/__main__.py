"""``script/bench NAME``: run a benchmark."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from . import day, jobs, killing, pages, readers, riders, tabs

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, CHART = DOCS / "multi-region.md", DOCS / "pictures" / "latency.svg"


def main() -> None:
    # Clean up databases, worktrees and servers on SIGTERM too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser, options = arguments()
    if "run" in options:
        options.run(options)
    else:
        parser.print_help()


def arguments() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(prog="script/bench", description="MovR's benchmarks.")
    names = parser.add_subparsers(metavar="NAME", title="benchmarks")
    for name, what, add_arguments, run in BENCHMARKS:
        of_one = names.add_parser(name, help=what)
        add_arguments(of_one)
        of_one.set_defaults(run=run)
    return parser, parser.parse_args()


def locality_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write it into docs/multi-region.md")


def regions_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--times", type=Path, help="use this file instead of bench/round_trip_times.csv")
    locality_arguments(parser)


def map_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vehicles", type=int, default=50_000, help="in one city (50,000)")


def feeds_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vehicles", type=int, default=10_000, help="in one city (10,000)")


def calendar_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vehicles", type=int, default=50_000, help="in each of the two cities (50,000)")
    parser.add_argument("--allocations", type=int, default=1_000_000, help="in the full one (1,000,000)")
    parser.add_argument("--few", type=int, default=1_000, help="in the other one (1,000)")


def community_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=int, default=100_000, help="who write in turn (100,000)")
    parser.add_argument("--posts", type=int, default=1_000_000, help="many (1,000,000)")
    parser.add_argument("--few", type=int, default=10_000, help="few (10,000)")


def start_django() -> None:
    """Run in this process, in the empty database that script/bench provides."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movr_project.settings")
    import django
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    django.setup()
    call_command("migrate", verbosity=0)
    setup_test_environment()


def require_server() -> None:
    """Exit on SQLite, whose full text search is not like that of servers."""
    from django.db import connection

    if connection.vendor == "sqlite":
        raise SystemExit("This benchmark needs PostgreSQL. Set BENCH_DATABASE_URL=postgres://… to an empty database.")


def run_locality(options: argparse.Namespace) -> None:
    start_django()
    require_server()
    from .markers import write
    from .table import table

    made = table()
    if options.write:
        write(PAGE, "locality", made)
    else:
        sys.stdout.write(made)


def run_regions(options: argparse.Namespace) -> None:
    start_django()
    require_server()
    from . import latency, report
    from .markers import write

    model = report.Model(latency.Times.read(options.times or latency.TIMES))
    if options.write:
        write(PAGE, "regions", report.made(model))
        CHART.write_text(report.drawn(model))
    else:
        sys.stdout.write(f"{latency.__doc__}\n")
        sys.stdout.writelines(f"{line}\n" for line in report.printed(model))


def run_map(options: argparse.Namespace) -> None:
    start_django()
    from .map import fill, printed

    fill(options.vehicles)
    sys.stdout.writelines(f"{line}\n" for line in printed(options.vehicles))


def run_feeds(options: argparse.Namespace) -> None:
    start_django()
    from .feeds import fill, printed

    fill(options.vehicles)
    sys.stdout.writelines(f"{line}\n" for line in printed(options.vehicles))


def run_calendar(options: argparse.Namespace) -> None:
    start_django()
    from .calendar import printed

    for line in printed(vehicles=options.vehicles, allocations=options.allocations, few=options.few):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def run_community(options: argparse.Namespace) -> None:
    start_django()
    from .community import printed

    for line in printed(people=options.people, posts=options.posts, few=options.few):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


class Benchmark(NamedTuple):
    name: str
    what: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


BENCHMARKS = (
    Benchmark("pages", "CPU time of one request to each page and action, in process", pages.arguments, pages.run),
    Benchmark(
        "riders", "many concurrent riders over HTTP: cycles, retries, errors, latency", riders.arguments, riders.run
    ),
    Benchmark(
        "readers",
        "many consumers of a feed over HTTP, while riders start and end rides",
        readers.arguments,
        readers.run,
    ),
    Benchmark("tabs", "riders beside many open pages that ask for notifications, over HTTP", tabs.arguments, tabs.run),
    Benchmark("load", "a day of a city, sped up, through nginx: latency, errors, saturation", day.arguments, day.run),
    Benchmark(
        "kill",
        "web server, worker, nginx and database killed in turn while people ride",
        killing.arguments,
        killing.run,
    ),
    Benchmark("jobs", "jobs per second, idle workers, and workers that are killed", jobs.arguments, jobs.run),
    Benchmark(
        "locality", "the statements of each action, and the regions they query", locality_arguments, run_locality
    ),
    Benchmark(
        "regions", "the expected latency of each action across regions (a model)", regions_arguments, run_regions
    ),
    Benchmark("map", "the time of the map's response, compared with its bare statements", map_arguments, run_map),
    Benchmark("feeds", "the time of a city's vehicle feed, uncached and cached", feeds_arguments, run_feeds),
    Benchmark(
        "calendar",
        "pages with calendars, with many allocations in a city and with few",
        calendar_arguments,
        run_calendar,
    ),
    Benchmark("community", "the community's pages, with many posts and with few", community_arguments, run_community),
)


if __name__ == "__main__":
    main()
