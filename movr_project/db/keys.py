"""``CityKey``: the composite primary key ``(city, id)`` of every city-partitioned model."""

import uuid
from typing import Any, Self

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db.models import CompositePrimaryKey
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
        """Read ``city:uuid`` back; raise ``ValueError`` for anything else."""
        city, colon, id_ = text.rpartition(":")
        if not (colon and city.isprintable() and city):  # no null byte, no half of a surrogate pair
            raise ValueError(f"not a city key: {text!r}")
        return cls((city, uuid.UUID(id_)))


class CityKeyAttribute(CompositeAttribute):
    """``instance.pk`` as a ``CityKeyValue``."""

    def __get__(self, instance, cls=None):
        return CityKeyValue(super().__get__(instance, cls))


class CityKey(CompositePrimaryKey):
    """A composite primary key that Django's admin can carry as one string.

    Declared as ``pk = CityKey("city", "id")``. Django keeps composite keys out of the admin because a
    plain tuple does not survive a URL, a check box and the log; this one reads back what it prints.
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

    def value_to_string(self, obj) -> str:
        return str(self.value_from_object(obj))


def parse_or_none(value: Any) -> Any:
    """A key given as text as a tuple; None when it can't be one. Other values are left as they are."""
    if not isinstance(value, str):
        return value
    try:
        return CityKeyValue.parse(value)
    except ValueError:
        return None


@CityKey.register_lookup
class CityKeyExact(TupleExact):
    """``pk="paris:…"``. Text that is no key matches nothing, like a number that no row has."""

    NO_KEY = ()  # not None: Django would ask for NULL, which an outer join finds

    def get_prep_lookup(self):
        key = parse_or_none(self.rhs)
        if key is None:
            return self.NO_KEY
        self.rhs = key
        return super().get_prep_lookup()

    def as_sql(self, compiler, connection):
        if self.rhs == self.NO_KEY:
            raise EmptyResultSet
        return super().as_sql(compiler, connection)


@CityKey.register_lookup
class CityKeyIn(TupleIn):
    """``pk__in=["paris:…", …]``. Texts that are no keys are passed over."""

    def get_prep_lookup(self):
        if self.rhs_is_direct_value():
            self.rhs = [key for key in map(parse_or_none, self.rhs) if key is not None]
        return super().get_prep_lookup()
