"""``python -m bringup.kernel.compile``: the YAML files of ``data/`` → ``data/compiled.json``.

People read and change the YAML; bringup loads the JSON, which is checked and loads fast. ``--check`` only compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bringup.compiled_file import keep_compiled
from bringup.kernel.data.shipped import COMPILED
from bringup.kernel.requirements.reading.from_yaml import (
    requirement_data,
    shipped_file,
    yaml_files,
)

__all__ = ["compiled", "main"]

_SYMBOLS = "symbols.yaml"
_HEAPS = "heap-names.yaml"
_UPSTREAM = "upstream.yaml"
_DEFECTS = "defects.yaml"
_OTHERS = {_SYMBOLS, _HEAPS, _UPSTREAM, _DEFECTS}


def compiled(folder: Path = COMPILED.parent) -> str:
    """The compiled form of a folder of YAML files: all facts as one JSON document.

    :raises ConfigError: a file is wrong.
    """
    document = {
        "requirements": {path.name: requirement_data(path) for path in yaml_files(folder) if path.name not in _OTHERS},
        "symbols": shipped_file(folder / _SYMBOLS, "symbols")["symbols"],
        "heaps": shipped_file(folder / _HEAPS, "heaps")["heaps"],
        "defects": shipped_file(folder / _DEFECTS, "defects")["defects"],
        "upstream": shipped_file(folder / _UPSTREAM, "upstream"),
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """See :func:`keep_compiled`."""
    return keep_compiled(COMPILED, compiled, "bringup.kernel.compile", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
