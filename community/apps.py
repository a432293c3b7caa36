from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommunityConfig(AppConfig):
    """Installed even with COMMUNITY off, so that downloads and removals of accounts know its tables."""

    name = "community"
    verbose_name = _("Community")

    def ready(self) -> None:
        from . import integrity, personal_data  # noqa: F401  (they register themselves)
