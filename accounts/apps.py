from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from . import signals, tokens  # noqa: F401 (each registers itself)
        from .hooks import account_removed
        from .removals import note_removal

        account_removed.register(note_removal)
