"""Services for reports, decisions with their statement of reasons, and objections (DSA, articles 16 to 20).

A decision is about a person: one of their posts or messages is hidden or deleted, or they are warned or silenced.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Max, Min, QuerySet
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from movr_project.db.retry import retry_transaction
from notifications.services import notify

from ..locking import lock_people
from ..models import Decision, Ground, Measure, Message, Outcome, Post, Reason, Report, Subject
from ..refusals import CommunityRefused
from .messages import count_as_read
from .posts import drop_post


@dataclass(frozen=True)
class Item:
    """What is reported or decided about: a person, or one of their posts or messages."""

    subject: Subject
    person: User
    id: uuid.UUID | None = None
    text: str = ""

    @classmethod
    def of(cls, thing: Post | Message | User) -> "Item":
        if isinstance(thing, Post):
            return cls(Subject.POST, thing.author, thing.id, thing.body)
        if isinstance(thing, Message):
            return cls(Subject.MESSAGE, thing.sender, thing.id, thing.body)
        return cls(Subject.PERSON, thing)

    @classmethod
    def of_report(cls, report: Report) -> "Item":
        return cls(Subject(report.subject), report.person, report.item_id, report.text)


@retry_transaction(idempotent=True)
def report_item(*, reporter: User, item: Item, reason: Reason, details: str = "") -> Report:
    """Report something to staff. Until they have closed it, whoever reports the same thing again finds that report.

    Locks both people. Raises ``CommunityRefused``: ``own_account``, ``account_changed``.
    """
    if reporter.id == item.person.id:
        raise CommunityRefused(_("You can't report yourself."), code="own_account")
    reporter, person = lock_people(reporter, item.person)
    report = Report(
        city=person.city,
        id=uuid.uuid4(),
        person_id=person.id,
        subject=item.subject,
        item_id=item.id,
        text=item.text,
        reason=reason,
        details=details,
        reporter_city=reporter.city,
        reporter_id=reporter.id,
    )
    earlier = Report.objects.about_item(report).sent_by(reporter).open().first()
    if earlier:
        return earlier
    report.save(force_insert=True)
    return report


@retry_transaction(idempotent=True)
def decide(
    *,
    item: Item,
    measure: Measure,
    ground: Ground,
    reasons: str,
    days: int = 0,
    by: User,
    was_reported: bool = True,
    decision_id: uuid.UUID,
) -> Decision:
    """Carry out a decision of staff, send the person its statement of reasons, and close the reports.

    ``days`` is how long someone is silenced. ``decision_id`` makes repeating it safe. Only superusers decide about
    staff. Locks the person. Raises ``CommunityRefused``: ``account_changed``, ``staff_only``, ``not_found``.
    """
    (person,) = lock_people(item.person)
    _refuse_colleague(person, by)
    existing = Decision.objects.about(person).filter(id=decision_id).first()
    if existing:
        return existing
    decision = Decision(
        city=person.city,
        id=decision_id,
        person=person,
        subject=item.subject,
        item_id=item.id,
        text=item.text,
        measure=measure,
        until=timezone.now() + timedelta(days=days) if measure == Measure.SILENCE else None,
        ground=ground,
        reasons=reasons,
        was_reported=was_reported,
    )
    decision.save(force_insert=True)
    _carry_out(decision)
    _close_reports(decision)
    notify(
        person,
        code="decision",
        text=lazy(_statement, str)(decision.measure),
        url=decision.get_absolute_url(),
        mail=True,
        key=str(decision.id),
    )
    return decision


@retry_transaction(idempotent=True)
def dismiss_report(*, city: str, report_id: uuid.UUID) -> None:
    """Close a report without a decision, and notify who sent it. Idempotent."""
    report = Report.objects.filter(city=city, id=report_id).select_for_update().first()
    if report is None:
        raise CommunityRefused(pgettext("in the community", "Report not found."), code="not_found")
    _close([report], lazy(_dismissed, str)())


@retry_transaction(idempotent=True)
def object_to(*, person: User, decision_id: uuid.UUID, text: str) -> None:
    """Object to a decision about oneself, once. Raises ``CommunityRefused``: ``not_found``, ``objected_already``."""
    rows = Decision.objects.about(person).filter(id=decision_id)
    if rows.filter(objected_at__isnull=True).update(objection=text, objected_at=timezone.now()):
        return
    decision = rows.first()
    if decision is None:
        raise CommunityRefused(_("Decision not found."), code="not_found")
    if decision.objection != text:
        raise CommunityRefused(_("You have already objected to this decision."), code="objected_already")


@retry_transaction(idempotent=True)
def decide_objection(*, city: str, decision_id: uuid.UUID, outcome: Outcome, reasons: str, by: User) -> None:
    """Decide about an objection, once, and notify the person.

    Reversing a decision shows a hidden post again and ends a silence, unless another decision still stands. A deleted
    post stays deleted. Locks the person.

    Raises ``CommunityRefused``: ``not_found``, ``decided_already``, ``staff_only``, ``account_changed``.
    """
    decision = Decision.objects.filter(city=city, id=decision_id).select_related("person").first()
    if decision is None:
        raise CommunityRefused(_("Decision not found."), code="not_found")
    (person,) = lock_people(decision.person)
    _refuse_colleague(person, by)
    still_open = Decision.objects.filter(city=city, id=decision_id, objected_at__isnull=False, outcome="")
    if not still_open.update(outcome=outcome, outcome_reasons=reasons, decided_at=timezone.now()):
        raise CommunityRefused(_("There is no open objection to this decision."), code="decided_already")
    if outcome == Outcome.REVERSED:
        _reverse(decision)
    notify(
        person,
        code="objection_decided",
        text=lazy(_objection_decided, str)(outcome),
        url=decision.get_absolute_url(),
        mail=True,
        key=str(decision.id),
    )


def _carry_out(decision: Decision) -> None:
    if decision.measure == Measure.SILENCE:
        _set_silence(decision)
        return
    if decision.measure == Measure.WARN:
        return
    if not _item_rows(decision).exists():
        raise CommunityRefused(_("It has already been deleted."), code="not_found")
    if decision.measure == Measure.HIDE:
        _hide(decision)
    else:
        _delete(decision)


def _reverse(decision: Decision) -> None:
    if decision.measure == Measure.SILENCE:
        _set_silence(decision)
    elif decision.measure == Measure.HIDE:
        _set_hidden(decision)


def _set_silence(decision: Decision) -> None:
    """Silence the person until the last of their standing silences ends, if there is one."""
    silences = _standing(decision, Measure.SILENCE)
    person = User.objects.filter(city=decision.city, id=decision.person_id)
    person.update(silenced_until=silences.aggregate(end=Max("until"))["end"])


def _hide(decision: Decision) -> None:
    if decision.subject == Subject.MESSAGE:
        _take_from_inbox(_item_rows(decision).first())
    _set_hidden(decision)


def _set_hidden(decision: Decision) -> None:
    """Hide the post or message since the first standing decision to hide it, if there is one."""
    same_item = _standing(decision, Measure.HIDE).filter(subject=decision.subject, item_id=decision.item_id)
    _item_rows(decision).update(hidden_at=same_item.aggregate(start=Min("created_at"))["start"])


def _standing(decision: Decision, measure: Measure) -> QuerySet[Decision]:
    """Return the decisions about the same person that no objection has reversed."""
    return Decision.objects.about(decision.person).filter(measure=measure).exclude(outcome=Outcome.REVERSED)


def _delete(decision: Decision) -> None:
    rows = _item_rows(decision)
    if decision.subject == Subject.POST:
        for post in rows:
            drop_post(post)
        return
    _take_from_inbox(rows.first())
    rows.delete()


def _item_rows(decision: Decision) -> QuerySet[Any]:
    """Return the post or message, if it still exists, by who wrote it. Its recipient may have moved meanwhile."""
    if decision.subject == Subject.POST:
        return Post.objects.by(decision.person).filter(id=decision.item_id)
    return Message.objects.sent_by(decision.person).filter(id=decision.item_id)


def _take_from_inbox(message: Message | None) -> None:
    """Mark a message as read that its recipient won't see."""
    if message is None:
        return
    recipient = User.objects.filter(city=message.city, id=message.recipient_id).select_for_update().first()
    if recipient:
        count_as_read(Message.objects.filter(city=message.city, id=message.id), recipient, message.sender_id)


def _close_reports(decision: Decision) -> None:
    if decision.was_reported:
        reports = Report.objects.about_item(decision).open().select_related("reporter")
        _close(list(reports), lazy(_decided, str)())


def _close(reports: list[Report], text: object) -> None:
    for report in reports:
        rows = Report.objects.filter(city=report.city, id=report.id).open()
        if rows.update(closed_at=timezone.now()) and report.reporter:
            notify(report.reporter, code="community_report_closed", text=text, key=str(report.id))


def _refuse_colleague(person: User, by: User) -> None:
    if person.id == by.id or ((person.is_staff or person.is_superuser) and not by.is_superuser):
        raise CommunityRefused(
            _("Only superusers can do this for staff, and no one can do it for themselves."), code="staff_only"
        )


def _statement(measure: str) -> str:
    return {
        Measure.HIDE: _("We've hidden something you wrote. See why, and how to object."),
        Measure.DELETE: _("We've deleted something you wrote. See why, and how to object."),
        Measure.WARN: _("You've received a warning. See why, and how to object."),
        Measure.SILENCE: _("You can't write in the community for a while. See why, and how to object."),
    }[Measure(measure)]


def _objection_decided(outcome: str) -> str:
    if outcome == Outcome.REVERSED:
        return _("We've reversed our decision after your objection.")
    return _("We've reviewed your objection. Our decision stands.")


def _decided() -> str:
    return _("Thanks for your report. We've taken action.")


def _dismissed() -> str:
    return _("Thanks for your report. We found that it doesn't break our rules.")
