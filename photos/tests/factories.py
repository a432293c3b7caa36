import factory
from django.core.files.base import ContentFile

from accounts.tests.factories import UserFactory
from photos.models import Photo, Subject, photo_storage

from .pictures import picture


class PhotoFactory(factory.django.DjangoModelFactory):
    """A stored photo in Paris of a ride that doesn't exist, unless ``subject_id`` says otherwise."""

    class Meta:
        model = Photo

    class Params:
        content = factory.LazyFunction(picture)

    city = "paris"
    subject = Subject.RIDE
    subject_id = factory.Faker("uuid4", cast_to=None)
    photographer = factory.SubFactory(UserFactory)
    file = factory.LazyAttributeSequence(
        lambda photo, n: photo_storage().save(f"2026-01-01/{n}.jpg", ContentFile(photo.content))
    )
    width = 40
    height = 30
    size = factory.LazyAttribute(lambda photo: len(photo.content))
