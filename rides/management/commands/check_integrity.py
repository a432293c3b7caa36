from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cities.models import City
from cities.registry import registry
from rides.integrity import RULES, Finding, findings


class Command(BaseCommand):
    help = (
        "Reads the database and names every row that disagrees with another one. Changes nothing, and may run "
        "while people ride. The exit status is 1 when something is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--city", metavar="NAME", help="only this one, as in “new york”")

    def handle(self, *args: Any, city: str | None, verbosity: int, **options: Any) -> None:
        cities = [served(city)] if city else None
        wrong = 0
        for finding in findings(cities):
            wrong += finding.number
            self.report(finding)
        if wrong:
            raise CommandError(f"{wrong:,} disagreement{'' if wrong == 1 else 's'}.")
        if verbosity:
            number = len(cities or list(registry))
            self.stdout.write(f"Everything agrees: {len(RULES)} rules, {number} {'city' if number == 1 else 'cities'}.")

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
