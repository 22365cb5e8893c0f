"""Judging: one check is one pure function of a record and a board config."""
