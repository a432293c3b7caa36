"""What staff roles may do with the feeds in the admin, in addition to ``operations.roles``."""

from typing import Any

ROLES = {
    "Operations": {"feeds": ["view_system", "view_alert", "add_alert", "change_alert"]},
    "Read-only": {"feeds": ["view_system", "view_alert"]},
}


def remove_permissions(apps: Any, using: str) -> None:
    """Take the permissions away from the groups, which stay."""
    permissions = apps.get_model("auth", "Permission").objects.using(using).filter(content_type__app_label="feeds")
    for group in apps.get_model("auth", "Group").objects.using(using).filter(name__in=ROLES):
        group.permissions.remove(*permissions)
