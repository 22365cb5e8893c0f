"""One module per profile, each with a ``PROFILE``. Every module here is found; several share ``_…``."""
