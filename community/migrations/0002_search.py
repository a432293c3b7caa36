from django.db import migrations

SQLITE = [
    (
        "CREATE VIRTUAL TABLE post_search USING fts5 (body, tokenize = 'porter unicode61 remove_diacritics 2')",
        "DROP TABLE post_search",
    ),
    ("CREATE UNIQUE INDEX posts_search_id ON posts (search_id)", "DROP INDEX posts_search_id"),
]
POSTGRESQL = [
    ("ALTER TABLE posts ADD COLUMN search tsvector", "ALTER TABLE posts DROP COLUMN search"),
    ("CREATE INDEX posts_search ON posts USING gin (search)", "DROP INDEX posts_search"),
]
STATEMENTS = {
    "sqlite": SQLITE,
    "postgresql": POSTGRESQL,
    "cockroachdb": POSTGRESQL,  # reads USING gin as an inverted index
}


def add_index(apps, schema_editor):
    for forwards, _backwards in STATEMENTS[schema_editor.connection.vendor]:
        schema_editor.execute(forwards)


def remove_index(apps, schema_editor):
    for _forwards, backwards in reversed(STATEMENTS[schema_editor.connection.vendor]):
        schema_editor.execute(backwards)


class Migration(migrations.Migration):
    """Full text indexes, which Django can't describe. See ``community.search``."""

    dependencies = [
        ("community", "0001_initial"),
    ]

    # CockroachDB changes schemas outside transactions. On the others, the migration's own transaction remains.
    operations = [migrations.RunPython(add_index, remove_index, atomic=False)]
