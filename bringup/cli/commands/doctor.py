"""``bringup doctor``: is this host ready?"""

from __future__ import annotations

import typer

from bringup.cli.lazy import App
from bringup.cli.options import JsonOutput

app = App()


@app.command()
def doctor(json: JsonOutput = False) -> None:
    """Is this host ready? Exit code 3 when no board can be tested from here."""
    from bringup.cli.console import out, print_json, table
    from bringup.errors import ExitCode
    from bringup.lab.host import examine_host

    facts = list(examine_host())
    if json:
        print_json({"schema": "bringup.host/1", "facts": [one.to_json() for one in facts]})
    else:
        rows = [("ok" if one.ok else "missing", one.name, one.seen, one.needed_for) for one in facts]
        out().print(table(["", "what", "seen", "needed for"], rows))
        for hint in dict.fromkeys(one.hint for one in facts if one.hint and not one.ok):
            out().print(f"→ {hint}", soft_wrap=True)  # to be copied: never broken
    lacking = any(one.required and not one.ok for one in facts)
    raise typer.Exit(int(ExitCode.INFRASTRUCTURE if lacking else ExitCode.PASSED))
