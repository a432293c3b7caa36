"""``Throttle``: a request counter."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Throttle(models.Model):
    """The number of requests since ``since``. See ``throttling.services``."""

    key = models.CharField(max_length=64, primary_key=True)  # a keyed hash: no addresses or names
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    class Meta:
        db_table = "throttles"
        verbose_name = _("throttle")
        verbose_name_plural = _("throttles")

    def __str__(self) -> str:
        return self.key
