"""``python -m bringup.kernel.compile``: the YAML files of ``requirements/`` → ``requirements/compiled.json``.

YAML is what people read and change; JSON is what loads fast. ``--check`` only compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bringup.errors import BringupError
from bringup.kernel.requirement_file import heap_data, requirement_data, symbol_data, yaml_files
from bringup.kernel.shipped import COMPILED

__all__ = ["compiled", "main"]

_FOLDER = Path(__file__).parent / "requirements"
_SYMBOLS = "symbols.yaml"
_HEAPS = "heap-names.yaml"


def compiled(folder: Path = _FOLDER) -> str:
    """The compiled form of a folder of requirement files.

    :raises ConfigError: a file is wrong.
    """
    requirements = {
        path.name: requirement_data(path) for path in yaml_files(folder) if path.name not in {_SYMBOLS, _HEAPS}
    }
    document = {
        "requirements": requirements,
        "symbols": symbol_data(folder / _SYMBOLS),
        "heaps": heap_data(folder / _HEAPS),
    }
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check. :returns: 0, or 1 when ``--check`` finds a difference, or 2 when a file is wrong."""
    target = _FOLDER / COMPILED
    try:
        text = compiled()
    except BringupError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    if "--check" in arguments:
        same = target.is_file() and target.read_text("utf-8") == text
        if not same:
            sys.stderr.write(f"{target} is not what the YAML files say: run python -m bringup.kernel.compile\n")
        return 0 if same else 1
    target.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
