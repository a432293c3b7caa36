from django import forms
from django.utils.translation import gettext_lazy as _

from .registry import registry


class CityField(forms.ChoiceField):
    """A served city, by name, grouped by region."""

    def __init__(self, **kwargs):
        defaults = {
            "label": _("City"),
            "error_messages": {"invalid_choice": _("We don't serve that city yet.")},
        }
        super().__init__(choices=registry.choices, **(defaults | kwargs))


class ChooseCityForm(forms.Form):
    city = CityField()
