"""What runs in the background."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_tasks import task

from .api_access.retention import delete_expired
from .data_archive import write_archive
from .passkeys.services import delete_expired_challenges


@task(every=timedelta(days=1))
def delete_expired_tokens() -> list[int]:
    return list(delete_expired())


@task(every=timedelta(hours=1))
def delete_expired_passkey_challenges() -> int:
    return delete_expired_challenges()


@task(title=_("Collecting your data…"), takes_context=True, exclusive=True)
def export_my_data(context: Any) -> None:
    with context.result_file("movr-data.zip", "application/zip") as file:
        write_archive(file, context.user, progress=context.progress)
