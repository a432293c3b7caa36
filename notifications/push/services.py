"""Turn Web Push on and off for a browser."""

import uuid

from accounts.models import User
from cities.registry import registry
from movr_project.db.retry import retry_transaction

from ..models import PushSubscription

UPDATED = ["user_id", "endpoint", "p256dh", "auth", "epoch", "created_at"]
MAX_DEVICES = 10  # per person; a newer one replaces the oldest


@retry_transaction(idempotent=True)
def turn_on(*, user: User, endpoint: str, p256dh: str, auth: str) -> uuid.UUID:
    """Send the person's notifications to a browser, too, until their sessions end. Return the subscription's ID.

    Locks the person. A browser notifies one person at a time: whoever turned it on last.
    """
    id_ = uuid.uuid5(uuid.NAMESPACE_URL, endpoint)
    person = User.objects.locked(user)
    if person is None or person.session_epoch != user.session_epoch:
        return id_  # logged out meanwhile
    elsewhere = [name for name in registry.by_name if name != person.city]
    PushSubscription.objects.filter(city__in=elsewhere, id=id_).delete()
    subscription = PushSubscription(
        city=person.city,
        id=id_,
        user_id=person.id,
        endpoint=endpoint,
        p256dh=p256dh,
        auth=auth,
        epoch=person.session_epoch,
    )
    # In one statement, as people who share a browser may do this at the same time.
    PushSubscription.objects.bulk_create(
        [subscription], update_conflicts=True, unique_fields=["city", "id"], update_fields=UPDATED
    )
    _delete_surplus(person)
    return id_


@retry_transaction(idempotent=True)
def turn_off(*, city: str, id_: uuid.UUID) -> None:
    """Send a browser nothing any more."""
    PushSubscription.objects.filter(city=city, id=id_).delete()


def _delete_surplus(person: User) -> None:
    """Delete the oldest, and those of ended sessions."""
    own = PushSubscription.objects.filter(city=person.city, user_id=person.id)
    kept = list(own.current(person).newest_first().values_list("id", flat=True)[:MAX_DEVICES])
    own.exclude(id__in=kept).delete()
