"""One module a profile, each with one ``PROFILE``. They are found by being here; ``_…`` is what several share."""
