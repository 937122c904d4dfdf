"""The tree of errors that people read; each says what was tried, what came back and what to do.

SyndicationError
├── SettingError            an environment variable has a wrong value           (syndication.environment)
├── NotFound                a slug, id or address names nothing
├── Refused                 an action is not allowed in this state
├── BadInput                a file, form or value from outside cannot be used
│   ├── BadSource           an article's source cannot be read                  (articles)
│   ├── BadTemplate         a merge field or template is wrong; carries a line  (rendering)
│   └── BadSchedule         a time, zone or date cannot be used                 (campaigns)
└── Unreachable             a server (SMTP, database, queue) cannot be reached
"""


class SyndicationError(Exception):
    """Something a person must hear about: one sentence of what and where, then what to do."""


class NotFound(SyndicationError):
    """A slug, id or address that names nothing here."""


class Refused(SyndicationError):
    """An action that the present state does not allow."""


class BadInput(SyndicationError):
    """A file, form or value from outside that cannot be used."""


class Unreachable(SyndicationError):
    """A server that cannot be reached now; nothing was lost, and the message says what is tried next."""
