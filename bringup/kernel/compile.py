"""``python -m bringup.kernel.compile``: the YAML files of ``requirements/`` → the JSON files beside them.

YAML is what people read and change; JSON is what loads fast. ``--check`` only compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bringup.errors import BringupError
from bringup.kernel.requirement_file import heap_data, requirement_data, symbol_data, upstream_data, yaml_files
from bringup.kernel.shipped import COMPILED, UPSTREAM

__all__ = ["compiled", "main"]

_FOLDER = Path(__file__).parent / "requirements"
_SYMBOLS = "symbols.yaml"
_HEAPS = "heap-names.yaml"
_UPSTREAM = "upstream.yaml"
_OTHERS = {_SYMBOLS, _HEAPS, _UPSTREAM}


def compiled(folder: Path = _FOLDER) -> dict[str, str]:
    """The compiled form of a folder of requirement files: name of a file → its text.

    :raises ConfigError: a file is wrong.
    """
    requirements = {path.name: requirement_data(path) for path in yaml_files(folder) if path.name not in _OTHERS}
    document = {
        "requirements": requirements,
        "symbols": symbol_data(folder / _SYMBOLS),
        "heaps": heap_data(folder / _HEAPS),
    }
    return {COMPILED: _json(document), UPSTREAM: _json(upstream_data(folder / _UPSTREAM))}


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check. :returns: 0, or 1 when ``--check`` finds a difference, or 2 when a file is wrong."""
    try:
        texts = compiled()
    except BringupError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    different = [name for name, text in texts.items() if _read(_FOLDER / name) != text]
    if "--check" in arguments:
        for name in different:
            sys.stderr.write(f"{name} is not what the YAML files say: run python -m bringup.kernel.compile\n")
        return int(bool(different))
    for name in different:
        (_FOLDER / name).write_text(texts[name], "utf-8")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
