from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("syndication", "0003_signing")]
    operations = []
