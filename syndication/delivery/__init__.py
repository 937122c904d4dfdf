"""A mailing becomes one row per reader, then mail on the wire, then an outcome: the ledger."""
