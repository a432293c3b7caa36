"""Jobs per second with one worker and more, what an idle worker costs, and workers that are killed meanwhile.

Each worker is a process of its own, ``manage.py work``, as on a host.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory

from .databases import LIBPQ_DEFAULTS, own_database
from .distance import at_a_distance


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--database", default=LIBPQ_DEFAULTS, help="a PostgreSQL server, or sqlite")
    parser.add_argument("--jobs", type=int, default=10_000, help="small jobs to run (10,000)")
    parser.add_argument("--workers", default="1,2,4", help="numbers of workers to compare (1,2,4)")
    parser.add_argument("--threads", type=int, default=1, help="per worker (1)")
    parser.add_argument("--distance-ms", type=float, default=0, help="make each of PostgreSQL's answers later (0)")
    parser.add_argument("--kills", type=int, default=20, help="kill a worker that often (20)")
    parser.add_argument("--killed-jobs", type=int, default=200, help="in a run of so many jobs (200)")


def run(options: Namespace) -> None:
    with (
        TemporaryDirectory() as folder,
        own_database(options.database, Path(folder)) as url,
        at_a_distance(url, options.distance_ms) as address,
    ):
        os.environ["DATABASE_URL"] = address
        from .__main__ import start_django

        start_django()
        from django.db import connection

        from .working import measured

        for line in measured(options):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        connection.close()
