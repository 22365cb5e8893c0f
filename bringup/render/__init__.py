"""Board config to fragments, through Jinja."""
