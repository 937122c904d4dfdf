"""Who reads: subscribers, lists, consent, suppression, import and export."""
