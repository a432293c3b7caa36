"""``script/bench NAME``: run a benchmark."""

import argparse
import os
import signal
import sys
from pathlib import Path

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

    pages_ = names.add_parser("pages", help="CPU time of one request to each page and action, in process")
    pages.arguments(pages_)
    pages_.set_defaults(run=pages.run)
    riders_ = names.add_parser("riders", help="many concurrent riders over HTTP: cycles, retries, errors, latency")
    riders.arguments(riders_)
    riders_.set_defaults(run=riders.run)

    readers_ = names.add_parser("readers", help="many consumers of a feed over HTTP, while riders start and end rides")
    readers.arguments(readers_)
    readers_.set_defaults(run=readers.run)

    tabs_ = names.add_parser("tabs", help="riders beside many open pages that ask for notifications, over HTTP")
    tabs.arguments(tabs_)
    tabs_.set_defaults(run=tabs.run)

    load_ = names.add_parser("load", help="a day of a city, sped up, through nginx: latency, errors, saturation")
    day.arguments(load_)
    load_.set_defaults(run=day.run)

    kill = names.add_parser("kill", help="web server, worker, nginx and database killed in turn while people ride")
    killing.arguments(kill)
    kill.set_defaults(run=killing.run)

    jobs_ = names.add_parser("jobs", help="jobs per second, idle workers, and workers that are killed")
    jobs.arguments(jobs_)
    jobs_.set_defaults(run=jobs.run)

    locality = names.add_parser("locality", help="the statements of each action, and the regions they query")
    regions = names.add_parser("regions", help="the expected latency of each action across regions (a model)")
    regions.add_argument("--times", type=Path, help="use this file instead of bench/round_trip_times.csv")
    for action, run in ((locality, run_locality), (regions, run_regions)):
        action.add_argument("--write", action="store_true", help="write it into docs/multi-region.md")
        action.set_defaults(run=run)

    map_ = names.add_parser("map", help="the time of the map's response, compared with its bare statements")
    map_.add_argument("--vehicles", type=int, default=50_000, help="in one city (50,000)")
    map_.set_defaults(run=run_map)
    feeds = names.add_parser("feeds", help="the time of a city's vehicle feed, uncached and cached")
    feeds.add_argument("--vehicles", type=int, default=10_000, help="in one city (10,000)")
    feeds.set_defaults(run=run_feeds)
    calendar = names.add_parser("calendar", help="pages with calendars, with many allocations in a city and with few")
    calendar.add_argument("--vehicles", type=int, default=50_000, help="in each of the two cities (50,000)")
    calendar.add_argument("--allocations", type=int, default=1_000_000, help="in the full one (1,000,000)")
    calendar.add_argument("--few", type=int, default=1_000, help="in the other one (1,000)")
    calendar.set_defaults(run=run_calendar)
    community = names.add_parser("community", help="the community's pages, with many posts and with few")
    community.add_argument("--people", type=int, default=100_000, help="who write in turn (100,000)")
    community.add_argument("--posts", type=int, default=1_000_000, help="many (1,000,000)")
    community.add_argument("--few", type=int, default=10_000, help="few (10,000)")
    community.set_defaults(run=run_community)
    return parser, parser.parse_args()


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


if __name__ == "__main__":
    main()
