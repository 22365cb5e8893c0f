"""The history of runs for people: on a terminal, and as a page with pictures."""
