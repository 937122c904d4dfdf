import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('syndication', '0005_audience'),
    ]

    operations = [
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stale_since', models.DateTimeField(null=True)),
                ('marks', models.PositiveBigIntegerField(default=0)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('changed_at', models.DateTimeField(null=True)),
                ('published_at', models.DateTimeField(null=True)),
                ('problem', models.TextField(blank=True)),
                ('entry_count', models.PositiveIntegerField(default=0)),
                ('bytes_largest', models.PositiveIntegerField(default=0)),
                ('is_gone', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='HubHost',
            fields=[
                ('host', models.CharField(max_length=253, primary_key=True, serialize=False)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('since', models.DateTimeField()),
                ('rest_until', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name='HubShift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('holder', models.UUIDField(null=True)),
                ('until', models.DateTimeField(null=True)),
                ('number', models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='SearchText',
            fields=[
                ('article', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='search_text', serialize=False, to='syndication.article')),
                ('text', models.TextField()),
                ('title_words', models.TextField()),
                ('words', models.TextField()),
                ('state_of', models.DateTimeField()),
            ],
        ),
        migrations.RemoveField(
            model_name='publication',
            name='feeds_stale_since',
        ),
        migrations.AddField(
            model_name='article',
            name='image_alt',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='article',
            name='image_url',
            field=models.CharField(blank=True, max_length=1000),
        ),
        migrations.AddField(
            model_name='article',
            name='unpublished_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='article',
            name='visibility',
            field=models.CharField(choices=[('public', 'Public'), ('unlisted', 'Unlisted'), ('email', 'Email')], default='public', max_length=12),
        ),
        migrations.AddField(
            model_name='publication',
            name='feed_entries',
            field=models.PositiveSmallIntegerField(default=20),
        ),
        migrations.AddField(
            model_name='publication',
            name='image_url',
            field=models.CharField(blank=True, max_length=1000),
        ),
        migrations.CreateModel(
            name='HubFeed',
            fields=[
                ('feed', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='hub', serialize=False, to='syndication.feed')),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('is_gone', models.BooleanField(default=False)),
                ('etags', models.JSONField(default=dict)),
                ('told_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='feed',
            name='publication',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='feeds', to='syndication.publication'),
        ),
        migrations.CreateModel(
            name='Podcast',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('guid', models.UUIDField()),
                ('is_locked', models.BooleanField(default=True)),
                ('category', models.CharField(blank=True, max_length=100)),
                ('is_explicit', models.BooleanField(default=False)),
                ('publication', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='podcast', to='syndication.publication')),
            ],
        ),
        migrations.CreateModel(
            name='Topic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('tag', 'Tag'), ('author', 'Author')], max_length=8)),
                ('slug', models.SlugField(allow_unicode=True, max_length=120)),
                ('name', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('publication', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='topics', to='syndication.publication')),
            ],
        ),
        migrations.CreateModel(
            name='OldAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('publication', 'Publication'), ('article', 'Article'), ('tag', 'Tag'), ('author', 'Author')], max_length=12)),
                ('within', models.SlugField(blank=True, max_length=80)),
                ('slug', models.SlugField(allow_unicode=True, max_length=120)),
                ('at', models.DateTimeField()),
                ('article', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='old_addresses', to='syndication.article')),
                ('publication', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='old_addresses', to='syndication.publication')),
                ('topic', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='old_addresses', to='syndication.topic')),
            ],
        ),
        migrations.AddField(
            model_name='feed',
            name='topic',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='feed', to='syndication.topic'),
        ),
        migrations.CreateModel(
            name='ArticleTopic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('article', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='topics', to='syndication.article')),
                ('topic', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='articles', to='syndication.topic')),
            ],
        ),
        migrations.CreateModel(
            name='Enclosure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=1000)),
                ('media_type', models.CharField(max_length=100)),
                ('length_bytes', models.PositiveBigIntegerField()),
                ('title', models.CharField(blank=True, max_length=200)),
                ('duration_seconds', models.PositiveIntegerField(null=True)),
                ('transcript_url', models.CharField(blank=True, max_length=1000)),
                ('transcript_type', models.CharField(blank=True, max_length=100)),
                ('chapters_url', models.CharField(blank=True, max_length=1000)),
                ('people', models.JSONField(default=list)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('article', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='enclosures', to='syndication.article')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('article', 'url'), name='enclosure_once')],
            },
        ),
        migrations.CreateModel(
            name='FeedArchive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('from_at', models.DateTimeField(null=True)),
                ('from_uid', models.UUIDField(null=True)),
                ('before_at', models.DateTimeField()),
                ('before_uid', models.UUIDField()),
                ('stale_since', models.DateTimeField(null=True)),
                ('marks', models.PositiveBigIntegerField(default=0)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('changed_at', models.DateTimeField(null=True)),
                ('problem', models.TextField(blank=True)),
                ('entry_count', models.PositiveIntegerField(default=0)),
                ('feed', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='archives', to='syndication.feed')),
            ],
            options={
                'indexes': [models.Index(fields=['feed', 'before_at'], name='feed_archive_by_date'), models.Index(condition=models.Q(('stale_since__isnull', False)), fields=['stale_since'], name='feed_archive_stale')],
                'constraints': [models.UniqueConstraint(fields=('feed', 'number'), name='feed_archive_once')],
            },
        ),
        migrations.CreateModel(
            name='FeedChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('topics', models.JSONField(default=list)),
                ('published_at', models.DateTimeField(null=True)),
                ('at', models.DateTimeField()),
                ('article', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='feed_changes', to='syndication.article')),
                ('publication', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='feed_changes', to='syndication.publication')),
            ],
            options={
                'indexes': [models.Index(fields=['at', 'publication'], name='feed_change_due')],
            },
        ),
        migrations.CreateModel(
            name='FeedPoll',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('feed', models.CharField(max_length=300)),
                ('reader', models.CharField(max_length=40)),
                ('polls', models.PositiveBigIntegerField(default=0)),
                ('unchanged', models.PositiveBigIntegerField(default=0)),
                ('deltas', models.PositiveBigIntegerField(default=0)),
                ('bytes_sent', models.PositiveBigIntegerField(default=0)),
                ('subscribers', models.PositiveBigIntegerField(null=True)),
                ('last_seen_at', models.DateTimeField()),
                ('publication', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='feed_polls', to='syndication.publication')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('publication', 'day', 'feed', 'reader'), name='feed_poll_once')],
            },
        ),
        migrations.CreateModel(
            name='HubPing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hub_url', models.CharField(max_length=500)),
                ('file_name', models.CharField(max_length=20)),
                ('topic_url', models.CharField(max_length=1000)),
                ('host', models.CharField(max_length=253)),
                ('due_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('round', models.PositiveBigIntegerField(default=0)),
                ('told_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=200)),
                ('feed', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='hub_pings', to='syndication.feed')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='hub_ping_due')],
                'constraints': [models.UniqueConstraint(fields=('feed', 'file_name', 'hub_url'), name='hub_ping_once')],
            },
        ),
        migrations.CreateModel(
            name='HubSubscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, unique=True)),
                ('file_name', models.CharField(max_length=20)),
                ('topic_url', models.CharField(max_length=1000)),
                ('callback', models.CharField(max_length=2000)),
                ('host', models.CharField(max_length=253)),
                ('secret', models.CharField(blank=True, max_length=200)),
                ('since', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('owed', models.CharField(blank=True, max_length=80)),
                ('due_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('round', models.PositiveBigIntegerField(default=0)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=200)),
                ('feed', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='hub_subscriptions', to='syndication.feed')),
            ],
            options={
                'indexes': [models.Index(fields=['feed', 'file_name', 'id'], name='hub_subscription_by_topic'), models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='hub_subscription_due'), models.Index(fields=['expires_at'], name='hub_subscription_expires'), models.Index(fields=['host'], name='hub_subscription_by_host')],
            },
        ),
        migrations.CreateModel(
            name='HubWish',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, unique=True)),
                ('mode', models.CharField(choices=[('subscribe', 'Subscribe'), ('unsubscribe', 'Unsubscribe'), ('denied', 'Denied')], max_length=12)),
                ('file_name', models.CharField(max_length=20)),
                ('topic_url', models.CharField(max_length=1000)),
                ('callback', models.CharField(max_length=2000)),
                ('host', models.CharField(max_length=253)),
                ('secret', models.CharField(blank=True, max_length=200)),
                ('lease_seconds', models.PositiveIntegerField(default=0)),
                ('at', models.DateTimeField()),
                ('due_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('round', models.PositiveBigIntegerField(default=0)),
                ('feed', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hub_wishes', to='syndication.feed')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='hub_wish_due'), models.Index(fields=['host'], name='hub_wish_by_host')],
            },
        ),
        migrations.CreateModel(
            name='PrivateEdition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('lists', models.JSONField()),
                ('digest_of_lists', models.CharField(max_length=64)),
                ('fingerprint', models.CharField(blank=True, max_length=64)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('entry_count', models.PositiveSmallIntegerField(default=0)),
                ('changed_at', models.DateTimeField(null=True)),
                ('looked_at', models.DateTimeField(null=True)),
                ('asked_on', models.DateField()),
                ('problem', models.TextField(blank=True)),
                ('publication', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='private_editions', to='syndication.publication')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('publication', 'digest_of_lists'), name='private_edition_once')],
            },
        ),
        migrations.CreateModel(
            name='PrivateFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('made_at', models.DateTimeField()),
                ('publication', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='private_feeds', to='syndication.publication')),
                ('subscriber', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='private_feeds', to='syndication.subscriber')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('subscriber', 'publication'), name='private_feed_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.UniqueConstraint(fields=('publication', 'kind', 'slug'), name='topic_slug_once'),
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.UniqueConstraint(fields=('publication', 'kind', 'name'), name='topic_name_once'),
        ),
        migrations.AddConstraint(
            model_name='oldaddress',
            constraint=models.UniqueConstraint(fields=('kind', 'within', 'slug'), name='old_address_once'),
        ),
        migrations.AddIndex(
            model_name='feed',
            index=models.Index(fields=['publication', 'topic'], name='feed_by_publication'),
        ),
        migrations.AddIndex(
            model_name='feed',
            index=models.Index(condition=models.Q(('stale_since__isnull', False)), fields=['stale_since'], name='feed_stale'),
        ),
        migrations.AddConstraint(
            model_name='feed',
            constraint=models.UniqueConstraint(condition=models.Q(('topic', None)), fields=('publication',), name='feed_of_a_publication_once'),
        ),
        migrations.AddIndex(
            model_name='articletopic',
            index=models.Index(fields=['topic', 'article'], name='article_topic_by_topic'),
        ),
        migrations.AddConstraint(
            model_name='articletopic',
            constraint=models.UniqueConstraint(fields=('article', 'topic'), name='article_topic_once'),
        ),
    ]
