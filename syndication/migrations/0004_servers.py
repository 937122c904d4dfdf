import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('syndication', '0003_signing'),
    ]

    operations = [
        migrations.CreateModel(
            name='Bucket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=600, unique=True)),
                ('level', models.FloatField()),
                ('at', models.FloatField()),
            ],
        ),
        migrations.CreateModel(
            name='BucketPlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField(default=0)),
                ('in_sql_until', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ProviderDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=253, unique=True)),
                ('provider', models.CharField(max_length=80)),
            ],
        ),
        migrations.CreateModel(
            name='WarmUp',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sender_domain', models.CharField(max_length=253, unique=True)),
                ('started_on', models.DateField()),
                ('first_day', models.PositiveIntegerField()),
                ('growth', models.FloatField()),
                ('ceiling', models.PositiveIntegerField()),
                ('stops_at', models.FloatField()),
                ('stopped_because', models.CharField(blank=True, max_length=300)),
                ('stopped_at', models.DateTimeField(null=True)),
                ('resumed_on', models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SendingDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sender_domain', models.CharField(max_length=253)),
                ('day', models.DateField()),
                ('granted', models.PositiveIntegerField(default=0)),
                ('first_at', models.DateTimeField(null=True)),
                ('sent', models.PositiveIntegerField(default=0)),
                ('complaints', models.PositiveIntegerField(default=0)),
                ('bounces', models.PositiveIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('sender_domain', 'day'), name='sending_day_once')],
            },
        ),
        migrations.CreateModel(
            name='SendingLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sender_domain', models.CharField(default='*', max_length=253)),
                ('target', models.CharField(max_length=253)),
                ('rate', models.PositiveIntegerField()),
                ('per_seconds', models.PositiveIntegerField()),
                ('burst', models.PositiveIntegerField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('sender_domain', 'target'), name='limit_once')],
            },
        ),
        migrations.CreateModel(
            name='ServerLines',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('server_id', models.BigIntegerField()),
                ('owner', models.CharField(max_length=80)),
                ('wanted', models.PositiveSmallIntegerField()),
                ('held', models.PositiveSmallIntegerField(default=0)),
                ('until', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('server_id', 'owner'), name='server_lines_once')],
            },
        ),
        migrations.CreateModel(
            name='Throttle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sender_domain', models.CharField(max_length=253)),
                ('provider', models.CharField(max_length=253)),
                ('per_minute', models.FloatField()),
                ('complained_per_minute', models.FloatField()),
                ('because', models.CharField(blank=True, max_length=300)),
                ('began_at', models.DateTimeField()),
                ('slowed_at', models.DateTimeField()),
                ('refused_at', models.DateTimeField()),
                ('raised_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('sender_domain', 'provider'), name='throttle_once')],
            },
        ),
        migrations.CreateModel(
            name='SmtpServer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True)),
                ('url', models.CharField(max_length=500)),
                ('sealed_password', models.TextField(blank=True)),
                ('password_from', models.CharField(blank=True, max_length=500)),
                ('weight', models.PositiveSmallIntegerField(default=1)),
                ('max_connections', models.PositiveSmallIntegerField(default=10)),
                ('is_active', models.BooleanField(default=True)),
                ('away_until', models.DateTimeField(null=True)),
                ('away_because', models.CharField(blank=True, max_length=300)),
                ('times_away', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('publication', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='smtp_servers', to='syndication.publication')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('url', '')), fields=('url',), name='one_server_of_the_environment')],
            },
        ),
    ]
