from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from ...placement.cluster import cluster_regions, is_cockroach, read_state
from ...placement.plan import Change, PlacementRefused, State, Wanted, changes, leftovers
from ...placement.service import COMMAND, changes_left, cities_by_region, placed_for_other_cities, run, wanted_placement


class Command(BaseCommand):
    help = (
        "Places the tables and their rows in the regions of a CockroachDB cluster, each row with its city. See "
        "docs/multi-region.md."
    )

    def add_arguments(self, parser):
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("show", help="show the cities by region and the locality of each table")
        sql = actions.add_parser("sql", help="print the statements without running them")
        of = sql.add_mutually_exclusive_group()
        of.add_argument("--fresh", action="store_true", help="for a database that has no regions yet")
        of.add_argument("--changed", action="store_true", help="for a database that was set up for other cities")
        apply = actions.add_parser("apply", help="run the outstanding statements (CockroachDB only)")
        check = actions.add_parser("check", help="compare; exit with status 1 if statements are outstanding")
        for action in (sql, apply, check):
            action.add_argument(
                "--survive", choices=["zone", "region"], default="", help="the failure that the database must survive"
            )
            action.add_argument("--primary", default="", metavar="REGION", help="the region of tables without a city")
        for action in (apply, check):
            action.add_argument(
                "--if-cockroachdb",
                action="store_true",
                help="do nothing on other databases and exit with status 0, for release phases",
            )

    def handle(self, *, action, **options):
        try:
            getattr(self, f"handle_{action}")(**options)
        except (PlacementRefused, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error

    def handle_show(self, **options):
        wanted = self.wanted()
        self.say("Cities")
        for line in cities_by_region(wanted.cities):
            self.say(f"  {line}")
        state = self.state(wanted) if is_cockroach(connection) else None
        self.say("Tables")
        for place in wanted.places:
            has = state.tables[place.table].locality if state and place.table in state.tables else ""
            now = f" (now: {has or 'not placed'})" if state and has != place.locality else ""
            self.say(f"  {place.table}: {place.locality}{now}")
            self.say(f"      {place.why}")
        if state:
            self.show_cluster(wanted, state)

    def show_cluster(self, wanted: Wanted, state: State) -> None:
        with connection.cursor() as cursor:
            of_cluster = cluster_regions(cursor)
        self.say("Regions")
        self.say(f"  of the cluster: {', '.join(sorted(of_cluster)) or 'none'}")
        self.say(f"  of the database: {', '.join(sorted(state.regions)) or 'none'}")
        self.say(f"  primary: {state.primary or 'none'}; survives the failure of a {state.survives or 'zone'}")
        self.say_leftovers(wanted, state)

    def handle_sql(self, *, fresh, changed, survive, primary, **options):
        wanted = self.wanted(primary=primary, survive=survive)
        left = changes(wanted, self.state_for_script(wanted, fresh=fresh, changed=changed))
        if not left:
            self.say("-- Nothing to do.")
        if any(" DROP COLUMN " in statement for change in left for statement in change.statements):
            self.say("SET sql_safe_updates = false;")  # on in `cockroach sql`, where it rejects DROP COLUMN
        for change in left:
            self.say(f"-- {' '.join(change.why.split())}")  # a region's name may contain a line break
            for statement in change.statements:
                self.say(f"{statement};")

    def state_for_script(self, wanted: Wanted, *, fresh: bool, changed: bool) -> State:
        if changed:
            return placed_for_other_cities(wanted)
        if fresh or not is_cockroach(connection):
            return State()
        return self.state(wanted)

    def handle_apply(self, *, if_cockroachdb, survive, primary, **options):
        if not self.is_possible(if_cockroachdb):
            return
        wanted = self.wanted(primary=primary, survive=survive)
        if connection.in_atomic_block:
            raise CommandError("CockroachDB does not change a schema inside a transaction.")
        with connection.cursor() as cursor:
            _state, left = changes_left(cursor, wanted)
            self.run(cursor, left)
            state, still = changes_left(cursor, wanted)
        self.report(wanted, state, still)

    def run(self, cursor, left: list[Change]) -> None:
        try:
            run(cursor, left, self.say)
        except DatabaseError as error:
            raise CommandError(
                f"{error}\nCompleted statements are kept. Run this command again to continue."
            ) from error

    def handle_check(self, *, if_cockroachdb, survive, primary, **options):
        if not self.is_possible(if_cockroachdb):
            return
        wanted = self.wanted(primary=primary, survive=survive)
        with connection.cursor() as cursor:
            state, left = changes_left(cursor, wanted)
        self.report(wanted, state, left)

    def report(self, wanted: Wanted, state: State, left: list[Change]) -> None:
        self.say_leftovers(wanted, state)
        if left:
            whys = "\n".join(f"  {change.why}" for change in left)
            raise CommandError(f"Left to do, by “{COMMAND}”:\n{whys}")
        self.say(f"All {len(wanted.places)} tables are in their places.")

    def is_possible(self, if_cockroachdb: bool) -> bool:
        """Return whether the engine is CockroachDB. If not, say so or raise ``CommandError``."""
        if is_cockroach(connection):
            return True
        sentence = f"This database is {connection.display_name}. Only CockroachDB supports regions."
        if not if_cockroachdb:
            raise CommandError(sentence)
        self.say(f"{sentence} Nothing to do.")
        return False

    def say_leftovers(self, wanted: Wanted, state: State) -> None:
        for region in leftovers(wanted, state):
            self.say(f"{region} has no cities any more. It stays until you drop it. See docs/multi-region.md.")

    def wanted(self, **asked) -> Wanted:
        name = "movr" if connection.vendor == "sqlite" else connection.settings_dict["NAME"]  # SQLite's is a path
        return wanted_placement(name, **asked)

    def state(self, wanted: Wanted) -> State:
        with connection.cursor() as cursor:
            return read_state(cursor, wanted.database, [place.table for place in wanted.places])

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
