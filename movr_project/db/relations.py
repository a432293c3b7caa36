"""``CityForeignKey``: a relation to a city-keyed row. Every join includes the city."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor

if TYPE_CHECKING:
    AnyForeignObject = models.ForeignObject[Any, Any]
else:
    AnyForeignObject = models.ForeignObject  # generic in the stubs only


class CityForeignKeyDescriptor(ForwardManyToOneDescriptor):
    """``ride.vehicle``: like a foreign key's attribute, except that it never changes the row's city."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is not None:
            self._clear_stale_cache(instance)
        return super().__get__(instance, cls)

    def __set__(self, instance: Any, value: Any) -> None:
        if value is None:
            # Django would set every column of the relation to None, including the row's city.
            setattr(instance, self.field.id_field, None)
            return
        if isinstance(value, self.field.remote_field.model):
            self._check_city(instance, value)
        super().__set__(instance, value)

    def _clear_stale_cache(self, instance: models.Model) -> None:
        if not self.field.is_cached(instance):
            return
        related = self.field.get_cached_value(instance)
        columns = self.field.get_local_related_value(instance)
        points_at = None if None in columns else columns
        if points_at != (related and self.field.get_foreign_related_value(related)):
            self.field.delete_cached_value(instance)

    def _check_city(self, instance: models.Model, value: Any) -> None:
        if not self.field.shares_the_key:
            return
        city = getattr(instance, self.field.city_field)
        if city and city != value.city:
            raise ValueError(
                f"{instance._meta.object_name} is in {city!r} and can't point at "
                f"{self.field.name} in {value.city!r}: a row never changes its city."
            )


class CityForeignKey(AnyForeignObject):
    """A relation over two columns of the model: an id of its own and a city.

    ``vehicle = CityForeignKey("fleet.Vehicle", models.PROTECT)`` uses the fields ``vehicle_id`` and ``city``. Pass
    ``city_field="rider_city"`` where the related row may be in another city. It only defines the join; the
    ``ForeignKeyConstraint`` next to it makes the database enforce it.

    The id comes first in the relation because ``exclude()`` across a relation correlates on the first column
    alone: with the city first, it would drop every row of the city. Keys and indexes are still city first.
    """

    forward_related_accessor_class = CityForeignKeyDescriptor

    def __init__(self, to: Any, on_delete: Any, *, id_field: str = "", city_field: str = "city", **kwargs: Any):
        self._given_id_field = id_field
        self.city_field = city_field
        for derived in ("from_fields", "to_fields", "editable", "serialize"):
            kwargs.pop(derived, None)
        super().__init__(
            to,
            on_delete,
            from_fields=(),  # known once the relation has a name
            to_fields=("id", "city"),
            editable=False,  # forms use their own fields, limited to the city
            serialize=False,  # fixtures contain the two columns
            **kwargs,
        )

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False, **kwargs: Any
    ) -> None:
        self.id_field = self._given_id_field or f"{name}_id"
        self.from_fields = (self.id_field, self.city_field)
        super().contribute_to_class(cls, name, private_only=private_only, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for derived in ("from_fields", "to_fields", "editable", "serialize"):
            kwargs.pop(derived, None)
        if self._given_id_field:
            kwargs["id_field"] = self._given_id_field
        if self.city_field != "city":
            kwargs["city_field"] = self.city_field
        return name, path, args, kwargs

    @property
    def shares_the_key(self) -> bool:
        """Return whether the relation's city is also the row's own city."""
        return self.city_field in {field.name for field in self.model._meta.pk_fields}
