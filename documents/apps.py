from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    name = "documents"
    verbose_name = _("Texts")

    def ready(self) -> None:
        from accounts.hooks import signed_up

        from . import personal_data  # noqa: F401  (registers itself)
        from .services import accept_current_terms

        signed_up.register(accept_current_terms)
