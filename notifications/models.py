"""``Notification``: a message to a person. ``PushSubscription``: a browser that shows them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cities.models import city_column, served_city_constraint
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

from .push.browsers import browser_of
from .querysets import NotificationQuerySet, PushSubscriptionQuerySet

TEXT_LENGTH = 300


class Notification(models.Model):
    """A message to a person, stored in their home city. See ``notifications.services``.

    ``sequence`` is the number that the person's ``notification_sequence`` had when it was written. Those without a
    ``text`` are only for the scripts of open pages: no list shows them.
    """

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    user_id = models.UUIDField(editable=False)
    user = CityForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    code = models.CharField(_("code"), max_length=32)
    text = models.CharField(_("text"), max_length=TEXT_LENGTH, blank=True)  # in the person's language
    url = models.CharField(_("address"), max_length=200, blank=True)  # a path of this site
    data = models.JSONField(_("data"), default=dict, blank=True)
    sequence = models.PositiveIntegerField(_("sequence"), default=0, editable=False)
    created_at = models.DateTimeField(_("sent"), default=timezone.now)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        db_table = "notifications"
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [
            served_city_constraint("notifications"),
            # Notifications move with the person.
            ForeignKeyConstraint(
                name="notifications_user_lives_in_the_city",
                columns=["city", "user_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
        ]
        indexes = [
            models.Index(fields=["city", "user_id", "-created_at"], name="notifications_user"),
            models.Index(
                fields=["city", "user_id", "-created_at"],
                name="notifications_unread",
                condition=Q(read_at__isnull=True),
            ),
            models.Index(fields=["city", "user_id", "sequence"], name="notifications_sequence"),
            models.Index(fields=["city", "read_at"], name="notifications_read", condition=Q(read_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_unread(self) -> bool:
        return self.read_at is None


class PushSubscription(models.Model):
    """A browser to which a person's notifications are sent, stored in their home city. See ``notifications.push``.

    The ID is made of the ``endpoint``, the address at the browser's push service; ``p256dh`` and ``auth`` are the keys
    for its messages. ``epoch`` is the person's ``session_epoch`` when it was made: what ends sessions ends it, too.
    """

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(editable=False)
    user_id = models.UUIDField(editable=False)
    user = CityForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="push_subscriptions")
    endpoint = models.CharField(_("address"), max_length=1000)
    p256dh = models.CharField(max_length=100, editable=False)
    auth = models.CharField(max_length=40, editable=False)
    epoch = models.CharField(max_length=16, editable=False)
    created_at = models.DateTimeField(_("turned on"), default=timezone.now, editable=False)

    objects = PushSubscriptionQuerySet.as_manager()

    class Meta:
        db_table = "push_subscriptions"
        verbose_name = _("push subscription")
        verbose_name_plural = _("push subscriptions")
        constraints = [
            served_city_constraint("push_subscriptions"),
            ForeignKeyConstraint(
                name="push_subscriptions_user_lives_in_the_city",
                columns=["city", "user_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
        ]
        indexes = [models.Index(fields=["city", "user_id"], name="push_subscriptions_user")]

    def __str__(self) -> str:
        return self.browser

    @property
    def browser(self) -> str:
        return browser_of(self.endpoint)
