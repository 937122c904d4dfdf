"""RSS, Atom and JSON Feed documents, published to files."""
