"""Integrity rules: queries for rows that break an invariant. Run by ``manage.py check_integrity``.

Later apps add rules with ``@rule`` in a module that ``AppConfig.ready`` imports. A rule is one statement per city, so
that it compares tables in one snapshot while rides go on. On CockroachDB it queries the city's own region, unless its
docstring says otherwise. Replaying the logs takes several statements, and a second look in one snapshot.
"""

from . import calendars, logs, people, photos, vehicles  # noqa: F401  (each adds its rules)
from .looking import SHOWN, Finding, findings
from .rules import RULES, Rule, rule
from .unserved import UNSERVED

__all__ = ["RULES", "SHOWN", "UNSERVED", "Finding", "Rule", "findings", "rule"]
