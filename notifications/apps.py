from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        from . import checks, personal_data  # noqa: F401  (they register themselves)
        from .push import sessions  # noqa: F401  (likewise)
