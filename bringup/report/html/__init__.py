"""The HTML page: one file, no network, readable with scripts off, on a phone and on paper."""
