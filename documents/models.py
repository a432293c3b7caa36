"""The operator's documents, and who has accepted which terms."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Document(models.Model):
    """A version of a document for the site's users. A published version never changes."""

    class Kind(models.TextChoices):
        TERMS = "terms", _("Terms of use")
        PRIVACY = "privacy", _("Privacy")
        HELP = "help", _("Help")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    version = models.PositiveIntegerField(_("version"), editable=False)
    text = models.TextField(_("text"), help_text=_("In Markdown."))
    must_accept = models.BooleanField(
        _("ask everyone again"),
        default=False,
        help_text=_("For terms only. People must accept this version before they continue."),
    )
    published_at = models.DateTimeField(_("published"), default=timezone.now, editable=False)

    class Meta:
        db_table = "documents"
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        ordering = ["kind", "-version"]
        constraints = [models.UniqueConstraint(fields=["kind", "version"], name="documents_kind_version")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version}"


class TermsAcceptance(models.Model):
    """A person's acceptance of a version of the terms."""

    user = models.ForeignKey(User, models.CASCADE, related_name="terms_acceptances")
    version = models.PositiveIntegerField(_("version"))
    accepted_at = models.DateTimeField(_("accepted"), default=timezone.now)

    class Meta:
        db_table = "terms_acceptances"
        verbose_name = _("acceptance of the terms")
        verbose_name_plural = _("acceptances of the terms")
        constraints = [models.UniqueConstraint(fields=["user", "version"], name="terms_accepted_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.version}"
