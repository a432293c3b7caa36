from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cities.models import City
from cities.registry import registry

from ...integrity.looking import Finding, findings
from ...integrity.rules import RULES


class Command(BaseCommand):
    help = (
        "Check the database and list the rows that are inconsistent with others. Read-only, and safe to run in "
        "production. Exits with status 1 if there are any."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--city", metavar="NAME", help="only check this city, such as “new york”")

    def handle(self, *args: Any, city: str | None, verbosity: int, **options: Any) -> None:
        cities = [served(city)] if city else None
        wrong = 0
        for finding in findings(cities):
            wrong += finding.number
            self.report(finding)
        if wrong:
            raise CommandError(f"{wrong:,} inconsistenc{'y' if wrong == 1 else 'ies'}.")
        if verbosity:
            number = len(cities or list(registry))
            self.stdout.write(
                f"Everything is consistent: {len(RULES)} rules, {number} {'city' if number == 1 else 'cities'}."
            )

    def report(self, finding: Finding) -> None:
        self.stdout.write(f"{finding.rule.name}, {finding.city or 'all cities'}: {finding.rule.sentence}")
        for key in finding.keys:
            self.stdout.write(f"  {key}")
        if finding.number > len(finding.keys):
            self.stdout.write(f"  … {finding.number:,} in all")


def served(name: str) -> City:
    city = registry.get(name.strip().lower()) or registry.with_slug(name.strip().lower())
    if city is None:
        raise CommandError(f"“{name}” is not served. There are: {', '.join(sorted(registry.by_name))}.")
    return city
