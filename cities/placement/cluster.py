"""Read the current state of a CockroachDB cluster. Each function runs one documented statement."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from .places import REGION_COLUMN
from .plan import NEW_COLUMN, OLD_COLUMN, State, Table, identifier

# https://www.cockroachlabs.com/docs/v25.4/show-regions
CLUSTER_REGIONS = "SELECT region FROM [SHOW REGIONS FROM CLUSTER]"
# https://www.cockroachlabs.com/docs/v25.4/show-databases
DATABASE = "SELECT primary_region, regions, survival_goal FROM [SHOW DATABASES] WHERE database_name = %s"
# https://www.cockroachlabs.com/docs/v25.4/show-tables
LOCALITIES = "SELECT table_name, locality FROM [SHOW TABLES] WHERE schema_name = 'public' AND type = 'table'"
# https://www.cockroachlabs.com/docs/v25.4/information-schema#columns
REGION_COLUMNS = (
    "SELECT table_name, column_name, generation_expression FROM information_schema.columns "
    "WHERE table_schema = 'public' AND column_name IN (%s, %s, %s)"
)
# https://www.cockroachlabs.com/docs/v25.4/show-create
CREATE_STATEMENT = "SELECT create_statement FROM [SHOW CREATE TABLE {}]"
# https://www.cockroachlabs.com/docs/v25.4/show-jobs: clean-up after dropped columns takes hours and need not be
# waited for.
SCHEMA_JOBS = (
    "SELECT job_id, status, fraction_completed, description FROM [SHOW JOBS] "
    "WHERE job_type IN ('SCHEMA CHANGE', 'NEW SCHEMA CHANGE', 'TYPEDESC SCHEMA CHANGE') "
    "AND status NOT IN ('succeeded', 'failed', 'canceled', 'revert-failed')"
)


class Job(NamedTuple):
    """A running schema change."""

    id: int
    status: str
    fraction: float
    description: str

    @property
    def is_paused(self) -> bool:
        return self.status in {"paused", "pause-requested"}

    def __str__(self) -> str:
        return f"job {self.id} ({self.status}, {self.fraction:.0%}): {self.description}"


def is_cockroach(connection: Any) -> bool:
    return connection.vendor == "cockroachdb"


def cluster_regions(cursor: Any) -> frozenset[str]:
    """Return the regions in which the cluster's nodes were started."""
    cursor.execute(CLUSTER_REGIONS)
    return frozenset(region for (region,) in cursor.fetchall())


def read_state(cursor: Any, database: str, tables: Collection[str]) -> State:
    """Return the database's state, as far as the plan needs it."""
    cursor.execute(DATABASE, [database])
    primary, regions, survives = cursor.fetchone() or (None, None, None)
    return State(
        primary=primary or "",
        regions=frozenset(regions or ()),
        survives=survives or "",
        tables=dict(_tables(cursor, tables)),
    )


def _tables(cursor: Any, tables: Collection[str]) -> Iterator[tuple[str, Table]]:
    cursor.execute(LOCALITIES)
    localities = dict(cursor.fetchall())
    columns = _region_columns(cursor)
    for name in tables:
        if name in localities:
            yield name, Table(localities[name] or "", columns.get(name, {}), is_locked(cursor, name))


def _region_columns(cursor: Any) -> dict[str, dict[str, str]]:
    cursor.execute(REGION_COLUMNS, [REGION_COLUMN, NEW_COLUMN, OLD_COLUMN])
    columns: dict[str, dict[str, str]] = {}
    for table, column, expression in cursor.fetchall():
        columns.setdefault(table, {})[column] = expression or ""
    return columns


def is_locked(cursor: Any, table: str) -> bool:
    """Return whether a table has ``schema_locked`` set, which SET LOCALITY respects."""
    cursor.execute(CREATE_STATEMENT.format(identifier(table)))
    (statement,) = cursor.fetchone()
    return "schema_locked = true" in statement


def schema_jobs(cursor: Any) -> list[Job]:
    """Return the schema changes now running anywhere in the cluster."""
    cursor.execute(SCHEMA_JOBS)
    return [Job(id_, status, fraction or 0.0, description) for id_, status, fraction, description in cursor.fetchall()]
