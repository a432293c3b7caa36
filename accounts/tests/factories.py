import factory

from accounts.models import User

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
