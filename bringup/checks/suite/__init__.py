"""The checks. One file, one subject; a file is found by being here."""
