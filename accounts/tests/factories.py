import uuid
from datetime import timedelta

import factory
from django.db.models import F
from django.utils import timezone

from accounts.api_access.models import ApiClient, ApiToken, Scope
from accounts.models import Passkey, User
from notifications.models import Notification, PushSubscription

PASSWORD = "a-long-and-strange-word"
# The server's key in RFC 8291's example.
VAPID_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"


class UserFactory(factory.django.DjangoModelFactory):
    """A rider in Paris who is shown under People, and who can log in with ``PASSWORD``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    city = "paris"
    username = factory.Sequence(lambda n: f"rider{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    first_name = "Ada"
    last_name = "Byron"
    is_listed = True
    password = factory.django.Password(PASSWORD)


class StaffFactory(UserFactory):
    """A superuser."""

    username = factory.Sequence(lambda n: f"staff{n}")
    is_staff = True
    is_superuser = True


class NotificationFactory(factory.django.DjangoModelFactory):
    """An unread notification, included in the person's counters; ``read_at=`` makes it a read one."""

    class Meta:
        model = Notification

    user = factory.SubFactory(UserFactory)
    code = "booking_cancelled"
    text = factory.Sequence(lambda n: f"Your booking {n} was cancelled.")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        person = User.objects.get(id=kwargs["user"].id)
        notice = super()._create(model_class, *args, **{"sequence": person.notification_sequence + 1} | kwargs)
        User.objects.filter(id=person.id).update(
            unread_notifications=F("unread_notifications") + int(notice.is_unread),
            notification_sequence=notice.sequence,
        )
        return notice


class PushSubscriptionFactory(factory.django.DjangoModelFactory):
    """A browser with notifications, with the keys of RFC 8291's example."""

    class Meta:
        model = PushSubscription

    user = factory.SubFactory(UserFactory)
    endpoint = factory.Sequence(lambda n: f"https://updates.push.services.mozilla.com/wpush/v2/{n}")
    id = factory.LazyAttribute(lambda device: uuid.uuid5(uuid.NAMESPACE_URL, device.endpoint))
    p256dh = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    auth = "BTBZMqHH6r4Tts7J_aSIgg"
    epoch = factory.SelfAttribute("user.session_epoch")


class PasskeyFactory(factory.django.DjangoModelFactory):
    """A passkey that no device has. ``accounts.tests.authenticator`` makes real ones."""

    class Meta:
        model = Passkey

    user = factory.SubFactory(UserFactory)
    city = factory.SelfAttribute("user.city")
    name = "My phone"
    sha256 = factory.Sequence(lambda n: f"{n:064}")
    credential_id = factory.Sequence(lambda n: f"{n:044}")
    public_key = b""


class ApiTokenFactory(factory.django.DjangoModelFactory):
    """A token with all scopes. ``movr_project.tests.api.token_of`` returns the secret of one."""

    class Meta:
        model = ApiToken

    user = factory.SubFactory(UserFactory)
    name = "phone"
    prefix = "movr_p_abcde"
    sha256 = factory.Sequence(lambda n: f"{n:064}")
    scopes = Scope.values
    epoch = factory.SelfAttribute("user.session_epoch")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))


class ApiClientFactory(factory.django.DjangoModelFactory):
    """An organisation's client in Paris."""

    class Meta:
        model = ApiClient

    name = "Trip planner"
    prefix = "movr_c_abcde"
    sha256 = factory.Sequence(lambda n: f"{n:064}")
    scopes = ["fleet:read"]
    cities = ["paris"]
