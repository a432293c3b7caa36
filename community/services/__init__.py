"""Everything that the community writes."""

from .messages import mark_read, send_message
from .people import block, follow, unblock, unfollow
from .posts import delete_post, publish_post

__all__ = [
    "block",
    "delete_post",
    "follow",
    "mark_read",
    "publish_post",
    "send_message",
    "unblock",
    "unfollow",
]
