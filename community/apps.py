from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class CommunityConfig(AppConfig):
    """Installed even with COMMUNITY off, so that downloads and removals of accounts know its tables."""

    name = "community"
    verbose_name = _("Community")

    def ready(self) -> None:
        from accounts import hooks
        from operations.demo.parts import PARTS

        from . import checks, circles, demo, integrity, personal_data, querysets  # noqa: F401  (some register themselves)

        if settings.COMMUNITY:
            hooks.visible_people.register(querysets.people_seen_by)
            hooks.followers.register(circles.followers_of)
            hooks.followed.register(circles.followed_by)
            PARTS.append(demo.add_community)
