"""The ledger in batches: narrow rows, claims and sums in the batch, a line for each try that did not simply succeed.

Rows of before are carried over: what was claimed and not begun is planned again, what was at the wire is held.
"""

import django.db.models.deletion
from django.db import migrations, models

import syndication.delivery.fields
import syndication.delivery.states

STATES = [
    (0, "planned"), (1, "claimed"), (2, "transmitting"), (3, "deferred"), (4, "in_doubt"),
    (10, "delivered"), (11, "bounced"), (12, "failed"), (13, "skipped"), (14, "held"),
]  # fmt: skip
SECONDS = syndication.delivery.fields.SecondsField
BATCH = 1000


def pack_loosely(apps, schema_editor):
    """Half of each page stays free on PostgreSQL, so that a row's outcome is written beside it and no index is touched."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE syndication_delivery SET (fillfactor = 50)")


def carry_over(apps, schema_editor):
    """The rows of before, with their states, into the new tables."""
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    seconds = "floor(extract(epoch FROM {}))::bigint" if is_postgresql else "CAST(strftime('%s', {}) AS INTEGER)"
    sent_at, due_at, settled_at = (seconds.format(f"b.{name}") for name in ("sent_at", "due_at", "settled_at"))
    # at the wire (2, 4): held; claimed (1): as it was before the claim
    state = "CASE WHEN b.state IN (2, 4) THEN 14 WHEN b.state = 1 THEN (CASE WHEN b.sent_at IS NULL THEN 0 ELSE 3 END) ELSE b.state END"
    reply = "CASE WHEN b.state IN (2, 4) THEN 'at the wire when the tables were upgraded' ELSE NULLIF(b.reply, '') END"
    cursor = schema_editor.connection.cursor()
    cursor.execute(
        f"""INSERT INTO syndication_delivery (mailing_id, subscriber_id, state, attempts, sent_at, due_at, reply_code, reply)
            SELECT b.mailing_id, b.subscriber_id, {state}, b.attempts, {sent_at},
                CASE WHEN {state} = 3 THEN {due_at} END, b.reply_code, {reply}
            FROM syndication_deliverybefore b ORDER BY b.id"""
    )
    cursor.execute(
        f"""INSERT INTO syndication_attempt (mailing_id, subscriber_id, at, number, state, code, reply, kind, "where")
            SELECT b.mailing_id, b.subscriber_id, COALESCE({settled_at}, {sent_at}, {due_at}), b.attempts, {state}, b.reply_code,
                COALESCE({reply}, ''), '', ''
            FROM syndication_deliverybefore b WHERE b.state NOT IN (0, 1, 10, 13) AND b.attempts > 0"""
    )
    sums = ", ".join(f"sum(CASE WHEN d.state = {number} THEN 1 ELSE 0 END)" for number in (3, 10, 11, 12, 13, 14))
    cursor.execute(
        f"""INSERT INTO syndication_batch (mailing_id, low, high, rows, due_at, fence, deaths,
                deferred, delivered, bounced, failed, skipped, held)
            SELECT d.mailing_id, min(d.subscriber_id), max(d.subscriber_id), count(*),
                min(CASE WHEN d.state IN (0, 3) THEN COALESCE(d.due_at, 0) END), 0, 0, {sums}
            FROM (SELECT e.*, (row_number() OVER (PARTITION BY mailing_id ORDER BY subscriber_id) - 1) / {BATCH} AS part
                  FROM syndication_delivery e) d
            GROUP BY d.mailing_id, d.part"""
    )


class Migration(migrations.Migration):
    dependencies = [("syndication", "0001_tables")]

    operations = [
        migrations.RemoveConstraint(model_name="delivery", name="delivery_once"),
        migrations.RemoveIndex(model_name="delivery", name="delivery_due"),
        migrations.RemoveIndex(model_name="delivery", name="delivery_leased"),
        migrations.RenameModel(old_name="Delivery", new_name="DeliveryBefore"),
        migrations.AddField(
            model_name="mailing",
            name="on_doubt",
            field=models.CharField(
                choices=[("hold", "hold"), ("retry", "retry")], default=syndication.delivery.states.Doubt["HOLD"], max_length=8
            ),
        ),
        migrations.RunSQL("UPDATE syndication_mailing SET on_doubt = 'retry' WHERE kind = 'confirmation'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sent_at", SECONDS(null=True)),
                ("due_at", SECONDS(null=True)),
                ("state", models.SmallIntegerField(choices=STATES, default=syndication.delivery.states.State["PLANNED"])),
                ("attempts", models.SmallIntegerField(default=0)),
                ("reply_code", models.SmallIntegerField(null=True)),
                ("reply", models.CharField(max_length=300, null=True)),
                ("mailing", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="syndication.mailing")),
                ("subscriber", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="syndication.subscriber")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("mailing", "subscriber"), name="delivery_once")]},
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", SECONDS()),
                ("number", models.SmallIntegerField()),
                ("state", models.SmallIntegerField(choices=STATES)),
                ("code", models.SmallIntegerField(null=True)),
                ("reply", models.CharField(max_length=300)),
                ("kind", models.CharField(blank=True, max_length=12)),
                ("where", models.CharField(blank=True, max_length=120)),
                ("mailing", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="tries", to="syndication.mailing")),
                ("subscriber", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="tries", to="syndication.subscriber")),
            ],
            options={"indexes": [models.Index(fields=["mailing", "subscriber"], name="attempt_of")]},
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=32, unique=True)),
                ("owner", models.CharField(max_length=80)),
                ("site", models.CharField(max_length=32)),
                ("boot", models.CharField(max_length=16)),
                ("until", SECONDS()),
            ],
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("low", models.BigIntegerField()),
                ("high", models.BigIntegerField()),
                ("rows", models.IntegerField()),
                ("due_at", SECONDS(null=True)),
                ("fence", models.IntegerField(default=0)),
                ("deaths", models.SmallIntegerField(default=0)),
                ("suspect", models.BigIntegerField(null=True)),
                ("deferred", models.IntegerField(default=0)),
                ("delivered", models.IntegerField(default=0)),
                ("bounced", models.IntegerField(default=0)),
                ("failed", models.IntegerField(default=0)),
                ("skipped", models.IntegerField(default=0)),
                ("held", models.IntegerField(default=0)),
                ("lease", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="batches", to="syndication.lease")),
                ("mailing", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="batches", to="syndication.mailing")),
            ],
            options={
                "indexes": [models.Index(fields=["mailing", "due_at"], name="batch_due")],
                "constraints": [models.UniqueConstraint(fields=("mailing", "low"), name="batch_once")],
            },
        ),
        migrations.CreateModel(
            name="DoubtPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("campaign", "Campaign"), ("confirmation", "Confirmation")], max_length=16)),
                ("on_doubt", models.CharField(choices=[("hold", "hold"), ("retry", "retry")], max_length=8)),
                ("publication", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="doubt_policies", to="syndication.publication")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("publication", "kind"), name="doubt_policy_once")]},
        ),
        migrations.RunPython(pack_loosely, migrations.RunPython.noop),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.DeleteModel(name="DeliveryBefore"),
    ]
