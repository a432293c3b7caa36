from django.urls import register_converter

from .models import City
from .registry import registry


class CityConverter:
    """``<city:city>`` in a URL: the slug of a served city. Other slugs result in a 404."""

    regex = "[a-z]+(?:-[a-z]+)*"

    def to_python(self, value: str) -> City:
        city = registry.with_slug(value)
        if city is None:
            raise ValueError(value)
        return city

    def to_url(self, value: City | str) -> str:
        """Accept a ``City`` or its name."""
        return str(getattr(value, "slug", value)).replace(" ", "-")


register_converter(CityConverter, "city")
