from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.core.checks import Tags, register
from django.core.signals import request_started
from django.db.backends.signals import connection_created


class MovrConfig(AppConfig):
    """The project's app config. It has no models: it registers checks, template tags and the pages of the root."""

    name = "movr_project"

    def ready(self) -> None:
        from .checks import check_mail, check_origins, check_proxy
        from .db.engines import check_isolation, drop_dead_connections
        from .metrics import observe_statements

        register(check_isolation, Tags.database)
        register(check_mail, Tags.security, deploy=True)
        register(check_origins, Tags.security)
        register(check_proxy, Tags.security, deploy=True)
        request_started.connect(drop_dead_connections)
        connection_created.connect(observe_statements)
        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            from .tracing.spans import start_tracing

            start_tracing()


class MovrAdminConfig(AdminConfig):
    default_site = "movr_project.admin.site.MovrAdminSite"
