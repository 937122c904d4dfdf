"""From a change in SQL to new bytes on disk: only what it touches, each feed in one move."""
