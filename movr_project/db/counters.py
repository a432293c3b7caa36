"""Columns that only conditional UPDATEs move, never a row that is saved whole."""

from typing import Any

from django.db.models import DateTimeField, F, PositiveIntegerField


class NotSavedMixin:
    """On UPDATE the column is set to itself. See ``CounterField``."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        return super().pre_save(model_instance, add) if add else F(self.attname)


class CounterField(NotSavedMixin, PositiveIntegerField):
    """A count that ``save()`` never writes over.

    Code that loads a row, changes something else and saves it whole (contrib.auth's password forms
    do) would put an old count back: overlapping the start of a ride, that reset ``open_rides`` and
    allowed a second ride. On UPDATE this column is therefore set to itself. It moves only by
    ``QuerySet.update(open_rides=F("open_rides") + 1)``, with its limit in the WHERE clause.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs["default"] = 0
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["default"], kwargs["editable"]
        return name, path, args, kwargs


class DeadlineField(NotSavedMixin, DateTimeField):
    """A moment until which a person has something; None while there is nothing.

    Whoever takes it does so by ``filter(Q(hold_until=None) | Q(hold_until__lte=now)).update(hold_until=…)``,
    so of two at once one gets it.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs |= {"null": True, "blank": True, "editable": False}
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("null", "blank", "editable"):
            del kwargs[fixed]
        return name, path, args, kwargs
