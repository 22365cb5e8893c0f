"""One file a format, each with a ``FORMAT``."""
