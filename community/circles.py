"""The people around a person, as someone may see them."""

from django.db.models import Exists, OuterRef

from accounts.models import User
from accounts.querysets import UserQuerySet

from .models import Follow
from .querysets import people_seen_by


def followers_of(person: User, *, seen_by: User) -> UserQuerySet:
    follows = Follow.objects.of_followed(person).filter(city=OuterRef("city"), follower_id=OuterRef("id"))
    return people_seen_by(seen_by).filter(Exists(follows))


def followed_by(person: User, *, seen_by: User) -> UserQuerySet:
    follows = Follow.objects.of_follower(person).filter(followed_city=OuterRef("city"), followed_id=OuterRef("id"))
    return people_seen_by(seen_by).filter(Exists(follows))
