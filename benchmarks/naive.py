"""The naive way, kept as the yardstick: one Celery task per email, Django's EmailMultiAlternatives, Jinja2, a connection each.

whole_product.py starts its worker, and `python -m naive READERS` to queue a task for each of the first readers.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
django.setup()

import jinja2
from celery import Celery
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from syndication.delivery.models import Mailing
from syndication.models import Subscriber

app = Celery("naive", broker=settings.CELERY_BROKER_URL)
app.conf.update(task_ignore_result=True, broker_transport_options={"global_keyprefix": "naive:"}, task_default_queue="naive")
jinja = jinja2.Environment(autoescape=False)  # as such code is written
templates: dict[int, Mailing] = {}


@app.task(name="naive.send_one")
def send_one(mailing_id: int, subscriber_id: int) -> None:
    """Load, render, build, connect, send."""
    mailing = templates.get(mailing_id) or templates.setdefault(mailing_id, Mailing.objects.get(pk=mailing_id))
    subscriber = Subscriber.objects.get(pk=subscriber_id)
    url = f"https://news.example.org/u/{subscriber.uid}/"
    values = {
        "subscriber": {"first_name": subscriber.name.split()[0], "name": subscriber.name, "address": subscriber.address},
        "publication": {},
        "unsubscribe_url": url,
        "page_url": url,
    }
    subject, text, html = (jinja.from_string(source).render(values) for source in (mailing.subject, mailing.text, mailing.html))
    message = EmailMultiAlternatives(
        subject,
        text,
        "Weekly <news@weekly.example.org>",
        [subscriber.address],
        headers={"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )
    message.attach_alternative(html, "text/html")
    message.send()


if __name__ == "__main__":
    for number in sys.argv[1:]:
        first = Mailing.objects.order_by("pk").values_list("pk", flat=True)[0]
        for one in Subscriber.objects.order_by("pk").values_list("pk", flat=True)[: int(number)]:
            app.send_task("naive.send_one", (first, one))
