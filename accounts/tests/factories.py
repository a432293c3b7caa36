import factory
from django.db.models import F

from accounts.models import Notice, User

PASSWORD = "a-long-and-strange-word"


class UserFactory(factory.django.DjangoModelFactory):
    """A rider in Paris who can log in with ``PASSWORD``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    city = "paris"
    username = factory.Sequence(lambda n: f"rider{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    first_name = "Ada"
    last_name = "Byron"
    password = factory.django.Password(PASSWORD)


class StaffFactory(UserFactory):
    """Staff who may do everything."""

    username = factory.Sequence(lambda n: f"staff{n}")
    is_staff = True
    is_superuser = True


class NoticeFactory(factory.django.DjangoModelFactory):
    """An unread notice, counted; ``read_at=`` makes it a read one."""

    class Meta:
        model = Notice

    user = factory.SubFactory(UserFactory)
    code = "booking_cancelled"
    text = factory.Sequence(lambda n: f"Your booking {n} was cancelled.")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        notice = super()._create(model_class, *args, **kwargs)
        if notice.is_unread:
            User.objects.filter(id=notice.user_id).update(unread_notices=F("unread_notices") + 1)
        return notice
