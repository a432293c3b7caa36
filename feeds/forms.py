"""The forms of the admin."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cities.forms import CityField
from cities.local_times import LocalMomentField, use_clocks_of
from cities.models import City
from cities.registry import registry

from .localized import require_languages
from .models import Alert, System
from .systems import systems


class SystemForm(forms.ModelForm):
    languages = forms.MultipleChoiceField(
        label=_("languages"), choices=settings.LANGUAGES, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = System
        fields = ["languages"]  # and those of the admin

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["languages"].help_text = System._meta.get_field("languages").help_text


class AlertForm(forms.ModelForm):
    """An alert, with its times in those of the city."""

    city = CityField()
    starts_at = LocalMomentField(label=_("From"), help_text=_("Local time."))
    ends_at = LocalMomentField(label=_("Until"), required=False, help_text=_("Leave empty if the end is not known."))

    class Meta:
        model = Alert
        fields = ["city", "starts_at", "ends_at"]  # and those of the admin

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        use_clocks_of(self._city(), self)
        if self.instance._state.adding:
            self.initial["starts_at"] = timezone.now()

    def clean(self) -> dict[str, Any]:
        super().clean()
        languages = systems.of(self._city()).languages
        for name in ("summary", "description"):
            texts = self.cleaned_data.get(name)
            if texts:
                try:
                    require_languages(texts, languages)
                except ValidationError as error:
                    self.add_error(name, error)
        return self.cleaned_data

    def _city(self) -> City:
        """Return the alert's city, or the chosen one of a new alert."""
        name = self.data.get("city", "") if self.instance._state.adding else self.instance.city
        return registry.get(name) or registry.default()
