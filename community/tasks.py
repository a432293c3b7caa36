"""What runs in the background."""

import json
from datetime import UTC
from itertools import chain
from textwrap import indent
from typing import Any

from django.utils.translation import gettext_lazy
from django_tasks import task

from movr_project.mail import send_mail

from .models import Post

POSTS_AT_ONCE = 500
MAX_ATTACHED_BYTES = 5 * 1024 * 1024  # more than that, and mail servers refuse the e-mail


@task(title=gettext_lazy("Exporting posts…"), takes_context=True, exclusive=True)
def export_posts(context: Any) -> None:
    """Write a person's posts to ``posts.json``, oldest first, and send it to them."""
    user = context.user
    total = Post.objects.by(user).count()
    with context.result_file("posts.json", "application/json") as file:
        file.write(b'{\n    "posts": [')
        for number, post in enumerate(chain.from_iterable(Post.objects.by(user).in_batches(POSTS_AT_ONCE))):
            context.progress(number, max(total, number))
            file.write(f"{',' if number else ''}\n{indent(_as_json(post), ' ' * 8)}".encode())
        file.write(b"\n    ]\n}\n")
    is_attached = file.size <= MAX_ATTACHED_BYTES
    context.run_first(
        lambda: send_mail(
            "posts_exported",
            to=user.email,
            user=user,
            context={"name": user.username, "path": context.job.get_absolute_url(), "is_attached": is_attached},
            language=user.language,
            attachment=str(context.job.pk) if is_attached else "",
            job_id=context.item_id("e-mail"),
        )
    )


def _as_json(post: Post) -> str:
    timestamp = post.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"body": post.body, "timestamp": timestamp}, ensure_ascii=False, indent=4)
