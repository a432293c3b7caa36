"""Forms of the community."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from movr_project.web.fields import LinesInput, validate_visible
from movr_project.web.form_tokens import FormTokenField

from .models import BODY_LENGTH, REASON_LENGTH, Ground, Outcome, Reason
from .words import validate_words

MAX_DAYS = 365


def _text(label: Any, *, max_length: int, rows: int, required: bool = True, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=max_length,
        required=required,
        widget=LinesInput(attrs={"rows": rows, "dir": "auto"}),
        **kwargs,
    )


class PostForm(forms.Form):
    body = _text(_("Say something"), max_length=BODY_LENGTH, rows=2, validators=[validate_visible, validate_words])
    ride = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)  # its key
    token = FormTokenField()


class MessageForm(forms.Form):
    body = _text(_("Message"), max_length=BODY_LENGTH, rows=2, validators=[validate_visible, validate_words])
    token = FormTokenField()


class ReportForm(forms.Form):
    reason = forms.ChoiceField(
        label=pgettext_lazy("in the community", "What's wrong?"), choices=Reason, widget=forms.RadioSelect
    )
    details = _text(_("Tell us more (optional)"), max_length=REASON_LENGTH, rows=3, required=False)


class ObjectionForm(forms.Form):
    text = _text(
        _("Why do you disagree?"),
        max_length=REASON_LENGTH,
        rows=4,
        validators=[validate_visible],
        help_text=_("A person will read it and decide again."),
    )


class DecisionForm(forms.Form):
    """The statement of reasons of a decision. The person reads it."""

    ground = forms.ChoiceField(label=_("Based on"), choices=Ground)
    reasons = _text(
        _("Reasons"),
        max_length=REASON_LENGTH,
        rows=4,
        validators=[validate_visible],
        help_text=_("The person will read this: the facts, and the rule or law that applies."),
    )
    token = FormTokenField()


class SilenceForm(DecisionForm):
    days = forms.IntegerField(
        label=_("Days"),
        initial=7,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_DAYS)],
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )


class OutcomeForm(forms.Form):
    outcome = forms.ChoiceField(label=_("Outcome"), choices=Outcome)
    reasons = _text(
        _("Reasons"),
        max_length=REASON_LENGTH,
        rows=4,
        validators=[validate_visible],
        help_text=_("The person will read this."),
    )
