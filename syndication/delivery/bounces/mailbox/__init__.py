"""Fetches returned mail from a mailbox by IMAP or POP3: what is not kept here stays there."""
