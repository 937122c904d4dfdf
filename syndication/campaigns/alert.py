"""Tells owners by mail what a provider holds against the sender: once a day at most for each, while it goes on."""

import logging
import smtplib
from datetime import datetime, timedelta

from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F, Q
from django.template.loader import render_to_string

from syndication.campaigns.models import User
from syndication.delivery.bounces.faults import FEWEST
from syndication.delivery.bounces.models import SendersFault

ONCE_IN = timedelta(days=1)

log = logging.getLogger("syndication.bounces")


def tell_staff(now: datetime) -> int:
    """Mail the active owners about faults that they have not heard of in the last day. How many mails were sent."""
    due = SendersFault.objects.filter(Q(told_at=None) | Q(told_at__lte=now - ONCE_IN, last_at__gt=F("told_at")), count__gte=FEWEST)
    told = 0
    for fault in due.exclude(mended_at__gte=F("last_at")).order_by("pk"):
        # the row is the guard: of two who do this at once, one tells; a mail that was not sent is not tried again before tomorrow
        if SendersFault.objects.filter(pk=fault.pk, told_at=fault.told_at).update(told_at=now):
            told += _tell(fault)
    return told


def _tell(fault: SendersFault) -> int:
    owners = list(User.objects.filter(is_active=True, role=User.Role.OWNER).values_list("email", flat=True))
    context = {"fault": fault, "studio": f"{settings.BASE_URL}/studio/inbound/"}
    subject = " ".join(render_to_string("staff_mail/senders_fault.subject.txt", context).split())
    text = render_to_string("staff_mail/senders_fault.text.txt", context)
    sent = 0
    for owner in owners:
        try:
            sent += send_mail(subject, text, None, [owner])
        except (smtplib.SMTPException, AnymailError, OSError) as error:
            log.warning("%s was not told of %s: %s", owner, fault, error)
    return sent
