from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RidesConfig(AppConfig):
    name = "rides"
    verbose_name = _("Rides")

    def ready(self) -> None:
        from . import checks, metrics, personal_data  # noqa: F401  (they register themselves)
