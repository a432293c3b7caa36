import uuid
from datetime import timedelta

import factory
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from community.feeds import deliver
from community.models import Decision, Ground, Measure, Post, Reason, Report, Subject
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


class CommunityReportFactory(factory.django.DjangoModelFactory):
    """An open report of a post."""

    class Meta:
        model = Report

    class Params:
        post = factory.SubFactory(PostFactory)

    id = factory.LazyFunction(uuid.uuid4)
    person = factory.SelfAttribute("post.author")
    city = factory.SelfAttribute("person.city")
    subject = Subject.POST
    item_id = factory.SelfAttribute("post.id")
    text = factory.SelfAttribute("post.body")
    reason = Reason.SPAM
    reporter = factory.SubFactory(MemberFactory)


class DecisionFactory(factory.django.DjangoModelFactory):
    """A warning."""

    class Meta:
        model = Decision

    person = factory.SubFactory(MemberFactory)
    city = factory.SelfAttribute("person.city")
    subject = Subject.PERSON
    measure = Measure.WARN
    ground = Ground.TERMS
    reasons = "Please be polite."
