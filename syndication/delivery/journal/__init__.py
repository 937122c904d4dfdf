"""What a sender run writes down between its claim and its settlement, in a form that a `kill -9` cannot lose."""
