from typing import Any

from django.db.models import Count, QuerySet, Subquery
from django.db.models.functions import Coalesce


def number_of(rows: QuerySet, group: str) -> Any:
    """Count the rows of a subquery that is limited to one value of ``group``."""
    counted = rows.order_by().values(group).annotate(number=Count("*")).values("number")
    return Coalesce(Subquery(counted), 0)
