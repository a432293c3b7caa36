"""Staff roles: groups with their admin permissions."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.management import create_permissions

Roles = Mapping[str, Mapping[str, list[str]]]  # codenames of permissions by app, by role

VIEW_FLEET = ["view_vehicle", "view_allocation", "view_vehicleevent"]

ROLES = {
    "Operations": {
        "accounts": ["view_user"],
        "cities": ["view_city"],
        # Changing an allocation means cancelling it.
        "fleet": [*VIEW_FLEET, "add_vehicle", "change_vehicle", "change_allocation"],
        "rides": ["view_ride", "change_ride"],  # changing a ride means ending it
        "operations": ["view_problemreport", "change_problemreport"],  # changing a report means closing it
    },
    "Support": {
        "accounts": ["view_user", "change_user"],
        "documents": ["view_termsacceptance"],
        "fleet": [*VIEW_FLEET, "change_allocation"],
        "rides": ["view_ride", "change_ride"],
        "operations": ["view_problemreport", "change_problemreport"],
    },
    "Read-only": {
        "accounts": ["view_user"],
        "documents": ["view_document", "view_termsacceptance"],
        "cities": ["view_city"],
        "fleet": VIEW_FLEET,
        "rides": ["view_ride"],
        "operations": ["view_problemreport"],
    },
}


# Added later, by migrations of their own. Changing a job means running it again or cancelling it.
JOB_ROLES = {
    "Operations": {"jobs": ["view_job", "change_job", "view_schedule", "view_worker"]},
    "Support": {"jobs": ["view_job", "change_job"]},
    "Read-only": {"jobs": ["view_job", "view_schedule", "view_worker"]},
}
PLACE_ROLES = {
    "Operations": {"cities": ["view_place", "add_place", "change_place", "delete_place"]},
    "Support": {"cities": ["view_place"]},
    "Read-only": {"cities": ["view_place"]},
}


def add_roles(apps: Any, using: str, roles: Roles = ROLES) -> None:
    """Add the groups with their permissions. ``apps`` is the registry of a migration or a test.

    Later apps call it with the permissions of their own models.
    """
    _create_permissions(apps, using, roles)
    groups = apps.get_model("auth", "Group").objects.using(using)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    for role, codenames_by_app in roles.items():
        group, _created = groups.get_or_create(name=role)
        for app, codenames in codenames_by_app.items():
            group.permissions.add(*permissions.filter(content_type__app_label=app, codename__in=codenames))


def remove_roles(apps: Any, using: str) -> None:
    apps.get_model("auth", "Group").objects.using(using).filter(name__in=ROLES).delete()


def _create_permissions(apps: Any, using: str, roles: Roles) -> None:
    """Create missing permissions: on a new database, Django does so only after the last migration."""
    for label in sorted({app for codenames in roles.values() for app in codenames}):
        config = apps.get_app_config(label)
        module = getattr(config, "models_module", None)  # Django skips apps without one
        config.models_module = True
        create_permissions(config, verbosity=0, using=using, apps=apps)
        config.models_module = module
