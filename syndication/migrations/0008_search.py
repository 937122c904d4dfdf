"""Full-text indexes over SearchText: FTS5 with triggers on SQLite, a generated column on PostgreSQL.

Django remakes a table of SQLite to alter it, and its triggers are gone: a later change of SearchText must make them again.
"""

from django.db import migrations

SQLITE = [
    """CREATE VIRTUAL TABLE syndication_search USING fts5(title_words, words, content='syndication_searchtext', content_rowid='article_id',
    tokenize="ascii", prefix='4 6')""",
    """CREATE TRIGGER syndication_search_insert AFTER INSERT ON syndication_searchtext BEGIN
    INSERT INTO syndication_search(rowid, title_words, words) VALUES (new.article_id, new.title_words, new.words); END""",
    """CREATE TRIGGER syndication_search_delete AFTER DELETE ON syndication_searchtext BEGIN
    INSERT INTO syndication_search(syndication_search, rowid, title_words, words)
    VALUES ('delete', old.article_id, old.title_words, old.words); END""",
    """CREATE TRIGGER syndication_search_update AFTER UPDATE ON syndication_searchtext BEGIN
    INSERT INTO syndication_search(syndication_search, rowid, title_words, words)
    VALUES ('delete', old.article_id, old.title_words, old.words);
    INSERT INTO syndication_search(rowid, title_words, words) VALUES (new.article_id, new.title_words, new.words); END""",
]
POSTGRESQL = [
    """ALTER TABLE syndication_searchtext ADD COLUMN document tsvector GENERATED ALWAYS AS
    (setweight(to_tsvector('simple', title_words), 'A') || setweight(to_tsvector('simple', words), 'D')) STORED""",
    "CREATE INDEX syndication_search ON syndication_searchtext USING gin (document)",
]
BACK = {
    "sqlite": [
        "DROP TRIGGER syndication_search_insert",
        "DROP TRIGGER syndication_search_delete",
        "DROP TRIGGER syndication_search_update",
        "DROP TABLE syndication_search",
    ],
    "postgresql": ["DROP INDEX syndication_search", "ALTER TABLE syndication_searchtext DROP COLUMN document"],
}


def make(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def unmake(apps, schema_editor):
    for statement in BACK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("syndication", "0007_topics")]

    operations = [migrations.RunPython(make, unmake)]
