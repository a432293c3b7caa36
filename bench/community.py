"""Compare the community's pages with many posts and with few, for someone who follows 500 people.

The people are the same in both: only posts are added in between, so that the tables grow. Requests run in process. The
two are measured minutes apart, so the fastest of many turns is reported. It depends least on what else is running.
PostgreSQL only, as it creates a million rows in a few statements.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import User
from cities.registry import registry
from community.services import publish_post
from jobs.running import Run, run_job
from jobs.services import workers
from jobs.services.queue import claim

from .made import add_person

HOME, FOLLOWED, FANS, TURNS = "paris", 500, 10_000, 31

PEOPLE = """
    INSERT INTO users ({columns})
    SELECT {values}
    FROM generate_series(1, %(people)s) AS n
    JOIN (SELECT name, row_number() OVER (ORDER BY name) - 1 AS number, count(*) OVER () AS cities FROM cities) AS c
      ON n %% c.cities = c.number
    JOIN users AS model ON model.id = %(model)s
"""
# What distinguishes them from the person of whom they are copies.
OWN = {
    "id": "gen_random_uuid()",
    "city": "c.name",
    "username": "'person' || n",
    "email": "'person' || n || '@example.com'",
    "date_joined": "now() - interval '1 year'",
    "is_listed": "true",
}
FOLLOWS = """
    INSERT INTO follows (city, id, follower_id, followed_city, followed_id, created_at)
    SELECT %(city)s, gen_random_uuid(), %(id)s, city, id, now() FROM users WHERE username LIKE 'person%%'
    ORDER BY username LIMIT %(followed)s
"""
FANS_OF = """
    INSERT INTO follows (city, id, follower_id, followed_city, followed_id, created_at)
    SELECT city, gen_random_uuid(), id, %(city)s, %(id)s, now() FROM users WHERE username LIKE 'person%%'
    ORDER BY username DESC LIMIT %(fans)s
"""
POSTS = """
    INSERT INTO posts (city, id, author_id, body, language, created_at, ride_type, ride_city, search_id, search)
    SELECT u.city, gen_random_uuid(), u.id, text.body, 'en', now() - (%(before)s - n) * interval '3 seconds', '', '', n,
           to_tsvector('english', text.body)
    FROM generate_series(%(first)s, %(last)s) AS n
    JOIN (SELECT city, id, row_number() OVER (ORDER BY md5(username)) AS number
            FROM users WHERE username LIKE 'person%%') AS u ON u.number = 1 + n %% %(people)s,
    LATERAL (SELECT 'The lift at station ' || n %% 5000 || ' is broken'
                    || CASE WHEN n <= 20 THEN ', and I lost a glove' ELSE '' END AS body) AS text
"""
ENTRIES = """
    INSERT INTO feed_entries (city, id, reader_id, post_city, post_id, created_at)
    SELECT p.city, gen_random_uuid(), p.author_id, p.city, p.id, p.created_at FROM posts p
     WHERE p.search_id BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT f.city, gen_random_uuid(), f.follower_id, p.city, p.id, p.created_at
      FROM posts p JOIN follows f ON f.followed_city = p.city AND f.followed_id = p.author_id
     WHERE p.search_id BETWEEN %(first)s AND %(last)s
"""


def execute(sql: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def add_people(number: int) -> None:
    columns = [field.column for field in User._meta.local_concrete_fields]
    values = [OWN.get(column, f"model.{column}") for column in columns]
    sql = PEOPLE.format(columns=", ".join(columns), values=", ".join(values))
    execute(sql, people=number, model=add_person(HOME).id)


def add_posts(first: int, last: int, *, people: int, before: int) -> None:
    """Add posts, written in turn by everyone, with their entries in feeds."""
    execute(POSTS, first=first, last=last, people=people, before=before)
    execute(ENTRIES, first=first, last=last)
    for table in ("users", "posts", "feed_entries", "follows"):
        execute(f"VACUUM ANALYZE {table}")


class Visit:
    """Someone who follows 500 people, and someone with 10,000 followers."""

    def __init__(self) -> None:
        self.reader: User = add_person(HOME, terms_version=1)
        self.star: User = add_person(HOME)
        self.browser = Client()
        self.browser.force_login(self.reader)
        self.turn = 0
        execute(FOLLOWS, city=HOME, id=self.reader.id, followed=FOLLOWED)
        execute(FANS_OF, city=HOME, id=self.star.id, fans=FANS)
        User.objects.filter(id=self.star.id).update(follower_count=FANS)
        # With a worker, the feeds of so many are written by a job. This process runs it.
        self.worker = workers.register(list(registry.by_name), lease=timedelta(days=1), home=HOME)

    def asked(self) -> dict[str, Callable[[], Any]]:
        get = self.browser.get
        return {
            "home": lambda: get("/community/"),
            "explore": lambda: get("/community/explore/"),
            "explore, in the city": lambda: get("/community/explore/", {"in": "city"}),
            "search, 20 matches": lambda: get("/search/", {"q": "glove"}),
            "search, every post matches": lambda: get("/search/", {"q": "broken lift"}),
            "writing a post": lambda: self._write(self.reader),
            f"writing a post, {FANS} followers": lambda: self._write(self.star),
            f"its job, {FANS} followers": self._run_job,
        }

    def _write(self, author: User) -> None:
        self.turn += 1
        publish_post(author=author, body="Nice ride along the canal", token=str(self.turn))

    def _run_job(self) -> None:
        job = claim(city=HOME, queue="default", worker_id=self.worker.id)
        if job is None:
            raise RuntimeError("There is no job for the followers.")
        run_job(Run(job))


def measure(visit: Visit) -> dict[str, float]:
    """Return the shortest time of each page in milliseconds, without the first turn."""
    taken: dict[str, list[float]] = {}
    for what, run in visit.asked().items():
        turns = 3 if str(FANS) in what else TURNS
        for _turn in range(turns + 1):
            began = time.perf_counter()
            response = run()
            taken.setdefault(what, []).append((time.perf_counter() - began) * 1000)
            if response is not None and response.status_code != 200:
                raise RuntimeError(f"{what}: answered with {response.status_code}")
    return {what: min(times[1:]) for what, times in taken.items()}


def printed(*, people: int, posts: int, few: int) -> Iterator[str]:
    if connection.vendor != "postgresql":
        raise SystemExit("This benchmark needs PostgreSQL. Set BENCH_DATABASE_URL=postgres://… to an empty database.")
    settings.DEBUG = False  # DEBUG would keep all queries
    add_people(people)
    visit = Visit()
    add_posts(1, few, people=people, before=posts)
    sparse = measure(visit)
    add_posts(few + 1, posts, people=people, before=posts)
    full = measure(visit)
    yield f"{people} people, {FOLLOWED} followed, on {connection.vendor}, the fastest of {TURNS} in ms:"
    yield f"{'':<34}{few:>10} posts{posts:>12} posts{'ratio':>8}"
    for what, before in sparse.items():
        yield f"{what:<34}{before:>16.2f}{full[what]:>18.2f}{full[what] / before:>8.2f}"
