"""Reports of a comparison: its story, on a terminal, as a page."""
