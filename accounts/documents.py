"""The operator's texts: terms, privacy and help. Their versions, and who accepted which terms."""

from dataclasses import dataclass

from django.db.models import Max, OuterRef, Subquery
from django.utils.translation import gettext as _

from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused
from movr_project.memory import InMemory

from .models import Document, TermsAcceptance, User

Kind = Document.Kind


class TermsRefused(Refused):
    """Code: ``terms_changed``."""


@dataclass(frozen=True)
class CurrentDocuments:
    newest: dict[str, Document]  # by kind
    required_terms: int  # the newest version that everybody has to accept; 0 where there is none


class Documents(InMemory[CurrentDocuments]):
    """The newest text of each kind."""

    def load(self) -> CurrentDocuments:
        same_kind = Document.objects.filter(kind=OuterRef("kind")).order_by("-version")
        newest = Document.objects.filter(version=Subquery(same_kind.values("version")[:1]))
        asked_for = Document.objects.filter(kind=Kind.TERMS, must_accept=True)
        return CurrentDocuments(
            newest={document.kind: document for document in newest},
            required_terms=asked_for.aggregate(version=Max("version"))["version"] or 0,
        )

    def current(self, kind: str) -> Document | None:
        return self.kept.newest.get(kind)

    @property
    def required_terms(self) -> int:
        return self.kept.required_terms


documents = Documents(Document)


def publish(document: Document) -> None:
    """Insert a new text as the next version of its kind. Part of a transaction."""
    last = Document.objects.filter(kind=document.kind).order_by("-version").first()
    if last:
        # Two people who publish at once both change this row, so that one of them runs again: without
        # it the second would fail on the unique index, which is not a conflict to the retry.
        Document.objects.filter(pk=last.pk).update(version=last.version)
    document.version = last.version + 1 if last else 1
    document.must_accept = document.must_accept and document.kind == Kind.TERMS
    document.save(force_insert=True)


@retry_transaction
def publish_document(*, kind: str, text: str, must_accept: bool = False) -> Document:
    """Publish a new version of a text; the older ones stay as they are."""
    document = Document(kind=kind, text=text, must_accept=must_accept)
    publish(document)
    return document


def terms_to_accept() -> int:
    """The version of the terms that somebody who accepts now accepts; 0 where there are none."""
    terms = documents.current(Kind.TERMS)
    return terms.version if terms else 0


def record_acceptance(user: User, version: int) -> None:
    """Note that a person accepts a version of the terms. Part of a transaction; twice is as once."""
    if not version:
        return
    TermsAcceptance.objects.get_or_create(user_id=user.id, version=version)
    row = User.objects.filter(id=user.id, city=user.city)
    row.filter(terms_version__lt=version).update(terms_version=version)


def accept_terms(*, user: User, version: int) -> None:
    """Accept the terms a person has read. Raises ``TermsRefused``: ``terms_changed`` if newer ones are out."""
    if version > terms_to_accept():
        documents.clear()  # another process knows more
    if version != terms_to_accept():
        raise TermsRefused(_("The terms have changed just now. Please read them again."), code="terms_changed")
    _accept(user, version)
    user.terms_version = version


@retry_transaction(idempotent=True)
def _accept(user: User, version: int) -> None:
    record_acceptance(user, version)
