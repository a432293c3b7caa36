"""The initial terms, privacy policy and help, with [placeholders] for the operator to fill in.

No one is asked to accept a text with placeholders: publish the operator's own version for that.
"""

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
KINDS = ("terms", "privacy", "help")


def first_text(kind: str) -> str:
    return (FOLDER / f"{kind}.md").read_text(encoding="utf-8")


def add_first_documents(apps: Any, using: str) -> None:
    """Publish version 1 of each missing document. ``apps`` is the registry of a migration or a test."""
    documents = apps.get_model("documents", "Document").objects.using(using)
    for kind in KINDS:
        documents.get_or_create(kind=kind, version=1, defaults={"text": first_text(kind)})


def remove_first_documents(apps: Any, using: str) -> None:
    documents = apps.get_model("documents", "Document").objects.using(using)
    documents.filter(kind__in=KINDS, version=1).delete()
