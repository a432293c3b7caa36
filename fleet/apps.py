from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FleetConfig(AppConfig):
    name = "fleet"
    verbose_name = _("Fleet")

    def ready(self) -> None:
        from accounts.hooks import moving

        from . import metrics, personal_data  # noqa: F401  (these register themselves)

        moving.register(personal_data.release_removed_vehicles)
