"""Where each table belongs, and why. Partitioned tables are derived from the models; all others are listed here."""

from collections.abc import Iterator
from typing import NamedTuple

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, UniqueConstraint

from movr_project.db.keys import CityKey

REGION_COLUMN = "region"
BY_ROW = f"REGIONAL BY ROW AS {REGION_COLUMN}"
GLOBAL = "GLOBAL"
PRIMARY = "REGIONAL BY TABLE IN PRIMARY REGION"

EVERYWHERE = {
    "cities": "Read in every region, by the foreign key of every new row. Rarely written, by staff.",
    "regions": "What people call the regions. Read in every region, rarely written, by staff.",
    "documents": "Terms, privacy and help. Read in every region, rarely written, by staff.",
    "gbfs_systems": "What operators say about a city in its feed. Read in every region, rarely written, by staff.",
    "django_content_type": "Reference data, written only by migrations.",
    "auth_permission": "Reference data, written only by migrations.",
    "auth_group": "Staff roles. Read on each page of the admin, rarely written.",
    "auth_group_permissions": "Staff roles. Read on each page of the admin, rarely written.",
    "users_groups": "Which staff have which role. Contains only ids. Read on each page of the admin.",
    "users_user_permissions": "Permissions of individual people. Contains only ids. Read like the roles.",
}

# Tables without a city. Personal data stays in one region, chosen by the operator, instead of being copied to
# all of them.
IN_ONE_REGION = {
    "django_migrations": "Read only by deployments.",
    "django_admin_log": "What staff did, with names of people and vehicles. Read and written by staff.",
    "axes_accessattempt": "Failed log-ins with names and addresses. Counted once for all regions; otherwise someone "
    "guessing passwords would have that many tries in each.",
    "axes_accessattemptexpiration": "Belongs to a failed log-in.",
    "axes_accessfailurelog": "Names and addresses. Always empty, as the setting is off.",
    "axes_accesslog": "Names and addresses. Always empty, as the setting is off.",
    "throttles": "Counts of requests, under keyed hashes. Counted once for all regions.",
    "api_tokens": "Hashes of people's tokens. Read by each request to the API that has one.",
    "api_clients": "Hashes of organisations' credentials. Read by each request to the API that has one.",
    "passkey_challenges": "Hashes of random values, for minutes. Nobody is logged in yet who could have a city.",
    "kept_answers": "Answers of the API, kept for a day for requests that are sent again. May contain personal data.",
    "job_schedules": "When scheduled tasks run next. Read and moved by workers.",
    "terms_acceptances": "Who accepted which terms and when, as an id and a time. Written once per person and version.",
    "otp_static_staticdevice": "The second factors of staff. Read when they log in.",
    "otp_static_statictoken": "The recovery codes of staff: secrets, kept in one place.",
    "otp_totp_totpdevice": "The second factors of staff: secrets, kept in one place.",
}


class Place(NamedTuple):
    """A table, its intended locality in CockroachDB's syntax, and the reason."""

    table: str
    locality: str
    why: str

    @property
    def is_by_row(self) -> bool:
        return self.locality == BY_ROW


def is_partitioned(model: type[Model]) -> bool:
    """Return whether rows are placed by city: models with a ``CityKey``, and those unique by city and id."""
    return isinstance(model._meta.pk, CityKey) or any(
        isinstance(constraint, UniqueConstraint) and tuple(constraint.fields) == ("city", "id")
        for constraint in model._meta.constraints
    )


def partitioned_tables() -> list[str]:
    """Return the tables in dependency order, parents first."""
    return [model._meta.db_table for model in apps.get_models() if is_partitioned(model)]


def all_tables() -> list[str]:
    """Return all tables created by migrations, including those of third-party apps."""
    models = apps.get_models(include_auto_created=True)
    return ["django_migrations", *(model._meta.db_table for model in models if is_migrated(model))]


def is_migrated(model: type[Model]) -> bool:
    return model._meta.managed and not model._meta.proxy


def places() -> list[Place]:
    """Return the place of every table. Raise ``ImproperlyConfigured`` for a table without one."""
    return [
        *_unpartitioned(),
        *(Place(table, BY_ROW, "Each row lives with its city.") for table in partitioned_tables()),
    ]


def _unpartitioned() -> Iterator[Place]:
    partitioned = set(partitioned_tables())
    for table in all_tables():
        if table in partitioned:
            continue
        if table in EVERYWHERE:
            yield Place(table, GLOBAL, EVERYWHERE[table])
        elif table in IN_ONE_REGION:
            yield Place(table, PRIMARY, IN_ONE_REGION[table])
        else:
            raise ImproperlyConfigured(
                f"The table {table!r} has no place. Give its model a CityKey, or list it in cities/placement/places.py."
            )
