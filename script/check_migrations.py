"""Check that the previous release still works with the tables that this one's migrations leave.

script/deploy and rolling updates migrate while the previous release serves requests, and rolling back keeps the
migrations. So a release may add what the previous one doesn't need to know, and drop only what it no longer uses: first
from the models (`SeparateDatabaseAndState`), one release later from the database.

The previous release is the newest tag, or PREVIOUS_RELEASE. A migration that needs the servers to be stopped says why
in an attribute `needs_downtime`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movr_project.settings")

Key = tuple[str, str]  # app and migration, or app and model


def main() -> None:
    import django
    from django.db.migrations.loader import MigrationLoader

    previous = os.environ.get("PREVIOUS_RELEASE") or _git("describe", "--tags", "--abbrev=0")
    if not previous or (earlier := migrations_of(previous)) is None:
        print("left out: no earlier release in this repository")
        return
    django.setup()
    found = list(complaints(MigrationLoader(None), earlier))
    print("\n".join(found) or f"the migrations since {previous} leave it working")
    sys.exit(bool(found))


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603


def migrations_of(commit: str) -> set[Key] | None:
    """Return the migrations of a commit, or None if a shallow clone doesn't have it."""
    paths = [Path(line) for line in _git("ls-tree", "-r", "--name-only", commit).splitlines()]
    return {(path.parent.parent.name, path.stem) for path in paths if path.parent.name == "migrations"} or None


def complaints(loader: Any, earlier: set[Key]) -> Iterator[str]:
    """Yield what is wrong with the migrations of our apps that are not among the earlier ones."""
    ours = {app for app, _name in earlier} | {path.name for path in ROOT.iterdir() if (path / "migrations").is_dir()}
    new = {key: migration for key, migration in loader.disk_migrations.items() if key[0] in ours and key not in earlier}
    made = {
        (app, operation.name_lower)
        for (app, _name), migration in new.items()
        for operation in migration.operations
        if type(operation).__name__ == "CreateModel"
    }
    for key, migration in sorted(new.items()):
        if getattr(migration, "needs_downtime", ""):
            continue
        state = loader.project_state(key, at_end=False)
        for operation in _on_the_database(migration.operations):
            why = _harm(operation, state, key[0], made)
            if why:
                yield f"{key[0]}.{key[1]}: {operation.describe()}: {why}"
            operation.state_forwards(key[0], state)


def _on_the_database(operations: list[Any]) -> Iterator[Any]:
    for operation in operations:
        if type(operation).__name__ == "SeparateDatabaseAndState":
            yield from _on_the_database(operation.database_operations)
        else:
            yield operation


def _harm(operation: Any, state: Any, app: str, made: set[Key]) -> str:
    """Return what the operation does to the previous release, or an empty string."""
    kind = type(operation).__name__
    if kind in ("RunPython", "RunSQL") and not operation.reversible:
        return "it can't be reversed"
    model = getattr(operation, "model_name_lower", None) or getattr(operation, "name_lower", "")
    if (app, model) in made:
        return ""
    if kind in ("RemoveField", "DeleteModel", "RenameField", "RenameModel", "AlterModelTable"):
        return "the previous release still uses it"
    if kind == "AddField" and not _may_be_left_out(operation.field):
        return "the previous release inserts rows without it: let it be NULL, or give it a db_default"
    if kind == "AlterField" and not operation.field.null and state.models[app, model].fields[operation.name_lower].null:
        return "the previous release still inserts NULL"
    return ""


def _may_be_left_out(field: Any) -> bool:
    return field.many_to_many or field.null or field.has_db_default()


if __name__ == "__main__":
    main()
