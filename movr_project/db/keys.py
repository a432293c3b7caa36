"""``CityKey``: the composite primary key ``(city, id)`` of every city-partitioned model."""

import uuid
from typing import Any, Self

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db.models import CompositePrimaryKey, Model
from django.db.models.fields.composite import CompositeAttribute
from django.db.models.fields.tuple_lookups import TupleExact, TupleIn
from django.utils.translation import gettext_lazy as _


class CityKeyValue(tuple):
    """``(city, id)``, written ``city:uuid`` in URLs, form fields and the admin's log."""

    __slots__ = ()

    def __str__(self) -> str:
        city, id_ = self
        return f"{city}:{id_}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``city:uuid``. Raise ``ValueError`` for anything else."""
        city, colon, id_ = text.rpartition(":")
        if not (colon and city.isprintable() and city):  # no null bytes, no lone surrogates
            raise ValueError(f"not a city key: {text!r}")
        return cls((city, uuid.UUID(id_)))


class CityKeyAttribute(CompositeAttribute):
    """``instance.pk`` as a ``CityKeyValue``."""

    def __get__(self, instance: Any, cls: Any = None) -> CityKeyValue:
        return CityKeyValue(super().__get__(instance, cls))


class CityKey(CompositePrimaryKey):
    """A composite primary key that Django's admin can use as a single string.

    Declare it as ``pk = CityKey("city", "id")``. Django keeps composite keys out of the admin because a plain tuple
    does not survive URLs, check boxes and the log. This one parses its own string form.
    """

    descriptor_class = CityKeyAttribute

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return CityKeyValue.parse(value)
        except ValueError as error:
            raise ValidationError(
                _("“%(value)s” is not a valid key."), code="invalid", params={"value": value}
            ) from error

    def value_to_string(self, obj: Model) -> str:
        return str(self.value_from_object(obj))


def parse_or_none(value: Any) -> Any:
    """Return a key given as text as a tuple, or None if it is malformed. Return other values unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return CityKeyValue.parse(value)
    except ValueError:
        return None


@CityKey.register_lookup
class CityKeyExact(TupleExact):
    """``pk="paris:…"``. A malformed key matches nothing, like an id that doesn't exist."""

    rhs: Any
    NO_KEY = ()  # not None: Django would compare with NULL, which an outer join matches

    def get_prep_lookup(self) -> Any:
        key = parse_or_none(self.rhs)
        if key is None:
            return self.NO_KEY
        self.rhs = key
        return super().get_prep_lookup()

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if self.rhs == self.NO_KEY:
            raise EmptyResultSet
        return super().as_sql(compiler, connection)


@CityKey.register_lookup
class CityKeyIn(TupleIn):
    """``pk__in=["paris:…", …]``. Malformed keys are ignored."""

    rhs: Any

    def get_prep_lookup(self) -> Any:
        if self.rhs_is_direct_value():
            self.rhs = [key for key in map(parse_or_none, self.rhs) if key is not None]
        return super().get_prep_lookup()
