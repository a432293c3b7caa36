"""What staff of each role may do with posts, reports and decisions."""

from operations.roles import Roles

ROLES: Roles = {
    # Changing one means deciding about it. Only they read what was reported: it may be a private message.
    "Support": {
        "community": ["view_post", "change_post", "view_report", "change_report", "view_decision", "change_decision"]
    },
    "Read-only": {"community": ["view_post"]},
}
