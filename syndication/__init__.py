"""One article in, every reader served: in the inbox, in the feed reader, on the web.

1. `articles` brings an article in and cleans it.
2. `audience` knows who reads and who must not be mailed.
3. `rendering` turns the article, and a reader, into email, text, page and feed HTML.
4. `feeds` publishes RSS, Atom and JSON Feed into files.
5. `delivery` plans one row per reader, sends by SMTP and keeps the ledger.
6. `engagement` will count what readers do, when they allow it.
7. `campaigns` decides what is sent, to whom and when.
8. `web`, `cli` and `tasks` are the doors: they call the rooms, nothing calls them.
"""

__version__ = "0.1.0"
