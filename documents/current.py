"""The current version of each document, cached in memory."""

from dataclasses import dataclass

from django.db.models import Max, OuterRef, Subquery

from movr_project.db.memory import InMemory

from .models import Document

Kind = Document.Kind


@dataclass(frozen=True)
class CurrentDocuments:
    newest: dict[str, Document]  # by kind
    required_terms: int  # the newest version that everyone must accept, 0 if none


class Documents(InMemory[CurrentDocuments]):
    """The newest document of each kind."""

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
