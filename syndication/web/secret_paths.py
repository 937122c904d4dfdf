"""Keeps the secrets in addresses out of the log: whoever reads it must not open a reader's feed or preferences."""

import logging
import re

_SECRET = re.compile(r"/([cfpu])/[^/\s'\"]{16,}")


def without_secrets(text: str) -> str:
    """The text with the token of each secret address left out."""
    return _SECRET.sub(r"/\1/…", text)


class WithoutSecrets(logging.Filter):
    """Lets every record pass, and takes secret addresses out of its message."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True."""
        said = record.getMessage()
        if without_secrets(said) != said:
            record.msg, record.args = without_secrets(said), ()
        return True
