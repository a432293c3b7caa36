from django.urls import register_converter

from .models import City
from .registry import registry


class CityConverter:
    """``<city:city>`` in a URL: the slug of a served city. Any other slug is a 404."""

    regex = "[a-z]+(?:-[a-z]+)*"

    def to_python(self, value: str) -> City:
        city = registry.with_slug(value)
        if city is None:
            raise ValueError(value)
        return city

    def to_url(self, value: City | str) -> str:
        """Takes a ``City``, or a name as the rows hold it."""
        return str(getattr(value, "slug", value)).replace(" ", "-")


register_converter(CityConverter, "city")
