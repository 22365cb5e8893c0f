"""``bringup boards``: what adb sees."""

from __future__ import annotations

from bringup.cli.lazy import App
from bringup.cli.options import ConfigDir, HostOption, JsonOutput, PortOption, ServerSocket

app = App()


@app.command()
def boards(
    host: HostOption = None,
    port: PortOption = None,
    socket: ServerSocket = None,
    config_dir: ConfigDir = None,
    json: JsonOutput = False,
) -> None:
    """What adb sees: state, model, kernel, page size, root, matching config."""
    from bringup.cli.console import out, print_json, say, table
    from bringup.cli.results import choose_configs
    from bringup.cli.selecting import make_selection
    from bringup.config.units import show_size
    from bringup.lab.survey import survey_all

    configs, _ = choose_configs(None, config_dir)
    found = survey_all(make_selection(host=host, port=port, socket=socket), configs)
    if json:
        print_json({"schema": "bringup.boards/1", "boards": [one.to_json() for one in found]})
        return
    rows = [
        (
            one.serial,
            one.state,
            one.model or "",
            one.kernel or "",
            "" if one.page_size is None else show_size(one.page_size),
            {True: "yes", False: "no", None: ""}[one.root],
            one.config or "none",
        )
        for one in found
    ]
    out().print(table(["serial", "state", "model", "kernel", "page size", "root", "board config"], rows))
    for one in found:
        if one.problem:
            say(f"{one.serial}: {one.problem}")
    if not found:
        say("no board is connected; 'bringup virtual start amd64' boots one here")
