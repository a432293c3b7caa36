"""Publish documents (terms, privacy, help) and record who has accepted which terms."""

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused

from .current import Kind, documents
from .models import Document, TermsAcceptance


class TermsRefused(Refused):
    """Code: ``terms_changed``."""


def publish(document: Document) -> None:
    """Insert a document as the next version of its kind. Part of a transaction."""
    document.must_accept = document.must_accept and document.kind == Kind.TERMS
    while not _insert_next(document):
        pass


def _insert_next(document: Document) -> bool:
    """Insert a document unless another transaction has just published the first version. Return whether it did."""
    versions = Document.objects.filter(kind=document.kind)
    # All publishers wait here for the same row: the first version.
    versions.select_for_update().filter(version=1).first()
    document.version = (versions.aggregate(newest=Max("version"))["newest"] or 0) + 1
    if document.version > 1:
        document.save(force_insert=True)
        return True
    try:
        with transaction.atomic():
            document.save(force_insert=True)
    except IntegrityError:
        return False
    return True


@retry_transaction
def publish_document(*, kind: str, text: str, must_accept: bool = False) -> Document:
    """Publish a new version of a document. Older versions are kept."""
    document = Document(kind=kind, text=text, must_accept=must_accept)
    publish(document)
    return document


def terms_to_accept() -> int:
    """Return the version of the terms that someone accepts now, or 0 if there is none."""
    terms = documents.current(Kind.TERMS)
    return terms.version if terms else 0


def record_acceptance(user: User, version: int) -> None:
    """Record that a person accepts a version of the terms. Part of a transaction. Idempotent."""
    if not version or User.objects.locked(user) is None:
        return
    TermsAcceptance.objects.bulk_create([TermsAcceptance(user_id=user.id, version=version)], ignore_conflicts=True)
    row = User.objects.filter(id=user.id, city=user.city)
    row.filter(terms_version__lt=version).update(terms_version=version)


def accept_current_terms(user: User) -> None:
    """Record that a new user accepts the current terms. Part of a transaction."""
    record_acceptance(user, terms_to_accept())
    user.terms_version = terms_to_accept()


def accept_terms(*, user: User, version: int) -> None:
    """Accept the terms that a person has read. Raise ``TermsRefused`` (``terms_changed``) if there are newer ones."""
    if version > terms_to_accept():
        documents.clear()  # another process has a newer version
    if version != terms_to_accept():
        raise TermsRefused(_("The terms have just changed. Please read them again."), code="terms_changed")
    _accept(user, version)
    user.terms_version = version


@retry_transaction(idempotent=True)
def _accept(user: User, version: int) -> None:
    record_acceptance(user, version)
