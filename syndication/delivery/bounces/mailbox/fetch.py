"""Fetches returned mail. What is not kept here stays there: nothing is marked or deleted before it is in the database."""

import re
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError

from syndication.delivery.bounces.intake import MAILBOX, Came, keep
from syndication.delivery.bounces.letters.mime import fields_of, first, header_block
from syndication.delivery.bounces.mailbox.imap import Imap
from syndication.delivery.bounces.mailbox.pop import Pop
from syndication.delivery.bounces.mailbox.session import Session, log, told
from syndication.errors import Unreachable
from syndication.inbound_environment import Mailbox

_ANGLE = re.compile(r"<([^<>\s]{0,320})>")


def fetch(clock: Callable[[], datetime], mailbox: Mailbox | None = None) -> int:
    """Keep what is new in the mailbox, at most MOST_AT_ONCE; how many. 0 without a mailbox, or when it cannot be reached: the log says why."""
    box = mailbox or settings.BOUNCE_MAILBOX
    if box is None:
        return 0
    try:
        with (Imap if box.is_imap else Pop)(box) as session, told(box):
            return _fetch(session, clock)
    except Unreachable as error:
        log.warning("%s", error)
        return 0


def _fetch(session: Session, clock: Callable[[], datetime]) -> int:
    done = 0
    for number, raw in session.messages():
        if _kept(raw, clock()):
            session.put_away(number)
            done += 1
    return done


def _kept(raw: bytes, now: datetime) -> bool:
    """Whether the message is in the database now. When that is away, the rest waits in the mailbox."""
    fields = fields_of(header_block(raw[: 64 * 1024]))
    came_from = first(fields, "return-path") or first(fields, "from")
    angle = _ANGLE.search(came_from)
    try:
        keep(Came(MAILBOX, (angle[1] if angle else came_from).strip(), "", raw), now)
    except DatabaseError as error:
        log.warning("a message stays in the mailbox: %s", error)
        return False
    return True
