"""``script/bench pages``: the CPU time of a request to each page, as a multiple of an empty view.

Requests run in process through all middleware, with a server's settings. Each side runs in its own process, with its
own code only. The sides alternate after a few requests, so that noise affects both.
"""

import argparse
import os
import sys
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median, quantiles

from .databases import SQLITE
from .markdown import markdown
from .sides import HERE, Amounts, Side, Worker, add_arguments, commit_here, say, sides

BARE = "bare view"
REQUESTS_PER_TURN = 3  # consecutive requests to one page on one side


@dataclass
class Page:
    """The measurements of a page on one side."""

    times_ms: list[float] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def ms(self) -> float:
        return median(self.times_ms)

    @property
    def spread(self) -> str:
        """Return the interquartile range."""
        if len(self.times_ms) < 2:
            return ""
        low, _middle, high = quantiles(self.times_ms, n=4, method="inclusive")
        return f"{low:.1f}–{high:.1f}"  # noqa: RUF001


Measured = dict[str, dict[str, Page]]  # by side, then by page


def arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.add_argument("--repeat", type=int, default=30, help="requests of each page (30)")
    parser.add_argument(
        "--only", metavar="WORDS", action="append", help="only pages whose names contain this; can be repeated"
    )
    parser.add_argument("--vehicles", type=int, default=1000, help="in all cities (1,000)")
    parser.add_argument("--riders", type=int, default=200, help="in all cities (200)")
    parser.add_argument("--rides", type=int, default=2000, help="in all cities (2,000)")


def run(options: argparse.Namespace) -> None:
    with ExitStack() as stack:
        compared = stack.enter_context(sides(against=options.against, server=options.database or SQLITE))
        workers: dict[str, Worker] = {}
        for side in compared:
            side.seed(Amounts(options.vehicles, options.riders, options.rides))
            workers[side.name] = stack.enter_context(side.worker())
        measured = measure(workers, chosen(workers, options.only or []), options.repeat)
    sys.stdout.writelines(f"{line}\n" for line in printed(compared, measured, options))


def chosen(workers: dict[str, Worker], words: list[str]) -> list[str]:
    """Return the pages that exist on all sides, the bare one first."""
    had = [worker.ask("prepare_pages") for worker in workers.values()]
    names = [name for name in had[0] if all(name in pages for pages in had)]
    return [name for name in names if name == BARE or not words or any(word in name for word in words)]


def measure(workers: dict[str, Worker], names: list[str], repeat: int) -> Measured:
    measured: Measured = {side: defaultdict(Page) for side in workers}
    for name in names:
        for side, worker in workers.items():
            worker.ask("measure", page=name, times=1)  # warm up templates, queries and caches
            measured[side][name].counts = worker.ask("count", page=name)
    turns = [min(REQUESTS_PER_TURN, repeat - done) for done in range(0, repeat, REQUESTS_PER_TURN)]
    for number, times in enumerate(turns, start=1):
        say(f"round {number} of {len(turns)}")
        for name in names:
            for side, worker in workers.items():
                measured[side][name].times_ms += worker.ask("measure", page=name, times=times)
    return measured


def printed(compared: list[Side], measured: Measured, options: argparse.Namespace) -> list[str]:
    """Return a Markdown table under a line that says what was measured."""
    names = [f"{commit_here()} ({HERE})", *(side.name for side in compared[1:])]
    engine = SQLITE if compared[0].database.startswith(SQLITE) else "PostgreSQL"
    intro = (
        f"CPU of one request in ms, medians of {options.repeat} (the middle half), and as multiples of a bare view in "
        f"the same run. {' against '.join(names)}; {options.vehicles:,} vehicles, {options.riders:,} riders, "
        f"{options.rides:,} rides on {engine}; {os.cpu_count()} cores."
    )
    heads = ["Page or act"]
    for name in ["", *(f" {side.name}" for side in compared[1:])]:
        heads += [f"ms{name}", f"middle half{name}", f"× bare{name}"]  # noqa: RUF001
    heads += [f"{HERE} / {side.name}" for side in compared[1:]] + ["statements", "HTML kB", "template nodes"]
    return [intro, "", *markdown(heads, [row(name, measured) for name in measured[HERE]])]


def row(name: str, measured: Measured) -> list[str]:
    cells = [name]
    pages = {side: found[name] for side, found in measured.items()}
    for side, page in pages.items():
        cells += [f"{page.ms:.1f}", page.spread, f"{page.ms / measured[side][BARE].ms:.1f}"]
    cells += [f"{pages[HERE].ms / page.ms:.2f}" for side, page in pages.items() if side != HERE]
    for count, shown in (("statements", "{:,}"), ("bytes", "{:.1f}"), ("nodes", "{:,}")):
        values = [page.counts[count] / (1000 if count == "bytes" else 1) for page in pages.values()]
        cells.append(" / ".join(shown.format(value if count == "bytes" else int(value)) for value in values))
    return cells
