"""Where each table belongs, and why. Partitioned tables are found from the models, all others stand here."""

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
    "cities": "Read in every region, by the foreign key of every row that is added; written by staff, rarely.",
    "documents": "Terms, privacy and help: read in every region, written by staff, rarely.",
    "django_content_type": "Reference data: written by migrations alone.",
    "auth_permission": "Reference data: written by migrations alone.",
    "auth_group": "The staff's roles: read with each page of the administration, written rarely.",
    "auth_group_permissions": "The staff's roles: read with each page of the administration, written rarely.",
    "users_groups": "Who of the staff has which role: ids alone, read with each page of the administration.",
    "users_user_permissions": "Which rights single people have: ids alone, read as the roles are.",
}

# Tables without a city. What names a person, or tells where one was, stays in one region that the operator
# chooses and can name, rather than being copied into all of them.
IN_ONE_REGION = {
    "django_migrations": "Read by deployments alone.",
    "django_admin_log": "What staff did, with names of people and vehicles: written and read by staff.",
    "axes_accessattempt": "Failed logins with names and addresses. Counted once for all regions, or somebody "
    "who guesses passwords would have that many tries in each.",
    "axes_accessattemptexpiration": "Belongs to a failed login.",
    "axes_accessfailurelog": "Names and addresses. Stays empty: the setting is off.",
    "axes_accesslog": "Names and addresses. Stays empty: the setting is off.",
    "throttles": "How often something was asked for, under a keyed hash. Counted once for all regions.",
    "terms_acceptances": "Who accepted which terms, and when: an id and a time. Written once per person and version.",
    "otp_static_staticdevice": "The staff's second factors: read when one of them logs in.",
    "otp_static_statictoken": "The staff's spare codes: secrets, in one place.",
    "otp_totp_totpdevice": "The staff's second factors: secrets, in one place.",
}


class Place(NamedTuple):
    """A table, the locality it should have (as CockroachDB writes it), and why."""

    table: str
    locality: str
    why: str

    @property
    def is_by_row(self) -> bool:
        return self.locality == BY_ROW


def is_partitioned(model: type[Model]) -> bool:
    """Whether its rows live where their city is: models with a ``CityKey``, and those unique by city and id."""
    return isinstance(model._meta.pk, CityKey) or any(
        isinstance(constraint, UniqueConstraint) and tuple(constraint.fields) == ("city", "id")
        for constraint in model._meta.constraints
    )


def partitioned_tables() -> list[str]:
    """In the order in which tables refer to one another: parents first."""
    return [model._meta.db_table for model in apps.get_models() if is_partitioned(model)]


def all_tables() -> list[str]:
    """Every table that migrations make, with those of libraries."""
    models = apps.get_models(include_auto_created=True)
    return ["django_migrations", *(model._meta.db_table for model in models if is_migrated(model))]


def is_migrated(model: type[Model]) -> bool:
    return model._meta.managed and not model._meta.proxy


def places() -> list[Place]:
    """The place of every table. Raises ``ImproperlyConfigured`` for one that nobody has thought of."""
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
                f"The table {table!r} has no place: give its model a CityKey, or name it in cities/placement/places.py."
            )
