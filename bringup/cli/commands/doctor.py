"""``bringup doctor``: is this host ready?"""

from __future__ import annotations

from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput

app = App()


@app.command()
def doctor(json: JsonOutput = False) -> int:
    """Is this host ready? Exit status 3 when no board can be tested from here."""
    from bringup.cli.actions.doctor import show_host

    return show_host(as_json=json)
