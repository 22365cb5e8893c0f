"""What ``bringup doctor`` does: show what this host has and lacks."""

from __future__ import annotations

from bringup.cli.console import out, print_json, table
from bringup.errors import ExitCode
from bringup.lab.host import Host, examine_host

__all__ = ["show_host"]


def show_host(*, as_json: bool) -> int:
    """Print what bringup may need and whether it is here; 3 where no board can be tested from this host."""
    facts = list(examine_host())
    missing = [fact for fact in facts if not fact.ok]
    if as_json:
        print_json(Host(tuple(facts)))
    else:
        rows = [("ok" if fact.ok else "missing", fact.name, fact.seen, fact.needed_for) for fact in facts]
        out().print(table(["", "what", "seen", "needed for"], rows))
        for hint in dict.fromkeys(fact.hint for fact in missing if fact.hint):
            out().print(f"→ {hint}", soft_wrap=True)  # to be copied: never broken
    return int(ExitCode.INFRASTRUCTURE if any(fact.required for fact in missing) else ExitCode.PASSED)
