from datetime import timedelta

import factory
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from community.feeds import deliver
from community.models import Post
from community.search import add

A_YEAR = timedelta(days=365)


class MemberFactory(UserFactory):
    """Someone who signed up a year ago, whom no limit for new accounts concerns."""

    date_joined = factory.LazyFunction(lambda: timezone.now() - A_YEAR)


class PostFactory(factory.django.DjangoModelFactory):
    """A post as ``publish_post`` writes it: counted, indexed, and in the feeds of the author and their followers."""

    class Meta:
        model = Post

    author = factory.SubFactory(MemberFactory)
    city = factory.SelfAttribute("author.city")
    body = factory.Sequence(lambda n: f"Broken lift at station {n}.")
    language = "en"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        post = super()._create(model_class, *args, **kwargs)
        add(post)
        deliver(post)
        User.objects.filter(id=post.author_id).update(post_count=F("post_count") + 1)
        return post
