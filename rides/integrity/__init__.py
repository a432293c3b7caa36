"""What must hold in the data, as rules that look for rows which break them. ``manage.py check_integrity`` runs them.

A later app adds its own with ``@rule`` in a module that its ``AppConfig.ready`` imports. A rule is one
statement for each city, so that it compares its tables as they stood at one moment, whoever is riding
meanwhile; on CockroachDB each asks the city's own region, but for those that say so. Replaying the logs takes
more statements, and looks twice.
"""

from . import calendars, logs, people, vehicles  # noqa: F401  (each adds its rules)
from .looking import SHOWN, Finding, findings
from .rules import RULES, Rule, rule
from .unserved import UNSERVED

__all__ = ["RULES", "SHOWN", "UNSERVED", "Finding", "Rule", "findings", "rule"]
