"""Columns that change only by conditional UPDATEs, never by saving a row."""

from typing import Any

from django.db.models import DateTimeField, F, Field, PositiveIntegerField


class NotSavedMixin(Field):
    """Set the column to itself on UPDATE. See ``CounterField``."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        return super().pre_save(model_instance, add) if add else F(self.attname)


class CounterField(NotSavedMixin, PositiveIntegerField):
    """A count that ``save()`` never overwrites.

    Code that loads a row, changes something else and saves the whole row (as contrib.auth's password forms do) would
    restore an old count. When that overlapped with the start of a ride, it reset ``open_rides`` and allowed a second
    ride. On UPDATE this column is therefore set to itself. Change it only by
    ``QuerySet.update(open_rides=F("open_rides") + 1)``, with the limit in the WHERE clause.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs["default"] = 0
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["default"], kwargs["editable"]
        return name, path, args, kwargs


class DeadlineField(NotSavedMixin, DateTimeField):
    """The end of something a person holds, or None if they hold nothing.

    Claim it with ``filter(Q(hold_until=None) | Q(hold_until__lte=now)).update(hold_until=…)``, so that only one of
    two concurrent claims succeeds.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs |= {"null": True, "blank": True, "editable": False}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("null", "blank", "editable"):
            del kwargs[fixed]
        return name, path, args, kwargs
