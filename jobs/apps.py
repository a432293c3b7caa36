from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        from movr_project.health import register_field
        from movr_project.mail import reads_attachments
        from movr_project.web.probes import add_check

        from . import checks, metrics, personal_data  # noqa: F401  (they register themselves)
        from .files import attachment
        from .services.workers import state_of_workers

        register_field("jobs", state_of_workers)
        add_check("workers", state_of_workers)  # pages work without any
        reads_attachments(attachment)
        autodiscover_modules("tasks")
