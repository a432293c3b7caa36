"""A fake CockroachDB cluster for the ``regions`` command.

Its results have the columns and spelling of CockroachDB's documentation. They say nothing about CockroachDB's
behaviour, as no CockroachDB was run.
"""

import re
from contextlib import contextmanager

from cities.placement import cluster
from cities.placement.places import all_tables


def as_printed(expression):
    """Format like SHOW CREATE TABLE: every literal with its type."""
    typed = re.sub(r"('(?:[^']|'')*')(?=[,)])", r"\1:::STRING", expression)
    return re.sub(r"(THEN '(?:[^']|'')*')", r"\1:::public.crdb_internal_region", typed)


class Stopped(Exception):
    """Simulates a crash."""


class Cluster:
    """Also serves as the connection that the command uses."""

    vendor = "cockroachdb"
    display_name = "CockroachDB"
    in_atomic_block = False

    def __init__(self, regions, tables=None):
        self.settings_dict = {"NAME": "movr"}
        self.regions = list(regions)
        self.primary = None
        self.database_regions = []
        self.survives = None
        self.localities = dict.fromkeys(all_tables() if tables is None else tables)
        self.columns = {}
        self.locked = set()
        self.jobs = []  # the results of consecutive job queries, then none
        self.ran = []
        self.looked_after = []  # how many statements had run at each job query
        self.stops_after = None

    @contextmanager
    def cursor(self):
        yield self

    def execute(self, sql, params=None):
        answer = self._answer(sql, params)
        if answer is not None:
            self.rows = answer
            return
        if self.stops_after is not None and len(self.ran) >= self.stops_after:
            raise Stopped
        self._change(sql)
        self.ran.append(sql)

    def fetchall(self):
        return self.rows

    def fetchone(self):
        return self.rows[0] if self.rows else None

    def _answer(self, sql, params):
        if sql == cluster.CLUSTER_REGIONS:
            return [(region,) for region in self.regions]
        if sql == cluster.DATABASE:
            return [(self.primary, self.database_regions, self.survives)] if params == ["movr"] else []
        if sql == cluster.LOCALITIES:
            return list(self.localities.items())
        if sql == cluster.REGION_COLUMNS:
            return [(table, column, text) for table, of in self.columns.items() for column, text in of.items()]
        if sql == cluster.SCHEMA_JOBS:
            self.looked_after.append(len(self.ran))
            return self.jobs.pop(0) if self.jobs else []
        if sql.startswith("SELECT create_statement"):
            table = re.search(r'TABLE "(\w+)"', sql)[1]
            ending = " WITH (schema_locked = true)" if table in self.locked else ""
            return [(f"CREATE TABLE public.{table} (…){ending};",)]
        return None

    def _change(self, sql):
        for pattern, change in CHANGES.items():
            match = re.fullmatch(pattern, sql)
            if match:
                change(self, *match.groups())
                return
        raise AssertionError(f"The cluster does not understand {sql}")

    def _set_primary(self, region):
        assert region in self.regions
        assert not self.primary or region in self.database_regions
        if not self.primary:
            self.database_regions, self.survives = [region], "zone"
            self.localities = dict.fromkeys(self.localities, "REGIONAL BY TABLE IN PRIMARY REGION")
        self.primary = region

    def _add_region(self, region):
        assert self.primary
        assert region in self.regions
        if region not in self.database_regions:
            self.database_regions.append(region)

    def _survive(self, goal):
        self.survives = goal.lower()

    def _set_locality(self, table, locality):
        assert table not in self.locked, "SET LOCALITY does not unlock a table"
        if locality.startswith("REGIONAL BY ROW"):
            assert locality.removeprefix("REGIONAL BY ROW AS ") in self.columns[table]
        self.localities[table] = locality

    def _add_column(self, table, column, expression):
        regions = set(re.findall(r"THEN '([^']*)'", expression))
        assert regions <= set(self.database_regions), "only a region of the database is a value of the type"
        self.columns.setdefault(table, {}).setdefault(column, as_printed(expression))

    def _swap(self, table, old, backup, new, name):
        columns = self.columns[table]
        columns[backup] = columns.pop(old)
        columns[name] = columns.pop(new)
        if self.localities[table] == f"REGIONAL BY ROW AS {old}":
            self.localities[table] = f"REGIONAL BY ROW AS {backup}"  # it follows the column, not its name

    def _drop_column(self, table, column):
        assert self.localities[table] != f"REGIONAL BY ROW AS {column}", "a column in use can't be dropped"
        del self.columns[table][column]

    def _lock(self, table, value):
        (self.locked.add if value == "true" else self.locked.discard)(table)


CHANGES = {
    r'ALTER DATABASE "movr" SET PRIMARY REGION "([\w-]+)"': Cluster._set_primary,
    r'ALTER DATABASE "movr" ADD REGION IF NOT EXISTS "([\w-]+)"': Cluster._add_region,
    r'ALTER DATABASE "movr" SURVIVE (ZONE|REGION) FAILURE': Cluster._survive,
    r'ALTER TABLE "(\w+)" SET LOCALITY (.+)': Cluster._set_locality,
    r'ALTER TABLE "(\w+)" ADD COLUMN IF NOT EXISTS (\w+) crdb_internal_region '
    r"NOT VISIBLE NOT NULL AS \((.+)\) STORED": Cluster._add_column,
    r'ALTER TABLE "(\w+)" RENAME COLUMN (\w+) TO (\w+), RENAME COLUMN (\w+) TO (\w+)': Cluster._swap,
    r'ALTER TABLE "(\w+)" DROP COLUMN (\w+)': Cluster._drop_column,
    r'ALTER TABLE "(\w+)" SET \(schema_locked = (true|false)\)': Cluster._lock,
}
