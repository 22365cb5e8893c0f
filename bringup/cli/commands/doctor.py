"""``bringup doctor``: is this host ready?"""

from __future__ import annotations

from bringup.cli import actions
from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput

app = App()


@app.command()
def doctor(json: JsonOutput = False) -> int:
    """Is this host ready? Exit status 3 when no board can be tested from here."""
    return actions.doctor.show_host(as_json=json)
