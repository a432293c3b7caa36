"""Delete what has served its time."""

from datetime import timedelta

from django.utils import timezone

from movr_project.db.retry import retry_transaction

from .models import ApiToken, KeptAnswer

BATCH = 500
ANSWERS_KEPT_FOR = timedelta(hours=24)
TOKENS_KEPT_FOR = timedelta(days=30)  # after their end, for the person and for staff


def delete_expired() -> tuple[int, int]:
    """Delete tokens that ended 30 days ago, and answers kept for a day. Return how many of each."""
    return _delete_all(_delete_tokens), _delete_all(_delete_answers)


def _delete_all(delete_batch) -> int:
    deleted = 0
    while number := delete_batch():
        deleted += number
    return deleted


@retry_transaction(idempotent=True)
def _delete_tokens() -> int:
    old = ApiToken.objects.filter(expires_at__lt=timezone.now() - TOKENS_KEPT_FOR)
    ids = list(old.order_by("expires_at").values_list("id", flat=True)[:BATCH])
    return ApiToken.objects.filter(id__in=ids).delete()[0]


@retry_transaction(idempotent=True)
def _delete_answers() -> int:
    old = KeptAnswer.objects.filter(made_at__lt=timezone.now() - ANSWERS_KEPT_FOR)
    keys = list(old.order_by("made_at").values_list("key", flat=True)[:BATCH])
    return KeptAnswer.objects.filter(key__in=keys).delete()[0]
