from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syndication", "0002_ledger")]

    operations = [
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("domain", models.CharField(max_length=253)),
                ("selector", models.CharField(max_length=253)),
                ("algorithm", models.CharField(choices=[("rsa", "Rsa"), ("ed25519", "Ed25519")], max_length=8)),
                ("private_key", models.TextField()),
                ("public_key", models.TextField()),
                ("is_active", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddConstraint(
            model_name="signingkey",
            constraint=models.UniqueConstraint(fields=("domain", "selector"), name="selector_once_per_domain"),
        ),
        migrations.AddConstraint(
            model_name="signingkey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_active", True)), fields=("domain", "algorithm"), name="one_key_in_use_per_algorithm"
            ),
        ),
    ]
