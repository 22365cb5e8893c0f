"""``python -m bringup.kernel.compile``: the YAML files of ``data/`` → ``compiled.py`` and ``upstream.json``.

YAML is what people read and change; the others are what loads fast: a plain check loads its requirements as a module of
Python. ``--check`` only compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bringup.errors import BringupError
from bringup.kernel.data.shipped import UPSTREAM
from bringup.kernel.requirements.requirement_file import (
    defect_data,
    heap_data,
    requirement_data,
    symbol_data,
    upstream_data,
    yaml_files,
)

__all__ = ["compiled", "main"]

_ROOM = Path(__file__).parent / "data"
_MODULE = """\
\"\"\"Made by ``python -m bringup.kernel.compile`` from the YAML files in ``data/``. Change those.\"\"\"

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DATA: dict[str, Any] = """
_SYMBOLS = "symbols.yaml"
_HEAPS = "heap-names.yaml"
_UPSTREAM = "upstream.yaml"
_DEFECTS = "defects.yaml"
_OTHERS = {_SYMBOLS, _HEAPS, _UPSTREAM, _DEFECTS}


def compiled(folder: Path = _ROOM) -> dict[str, str]:
    """The compiled form of a folder of requirement files: place in this room → its text.

    :raises ConfigError: a file is wrong.
    """
    requirements = {path.name: requirement_data(path) for path in yaml_files(folder) if path.name not in _OTHERS}
    document: dict[str, Any] = {
        "requirements": requirements,
        "symbols": symbol_data(folder / _SYMBOLS),
        "heaps": heap_data(folder / _HEAPS),
        "defects": defect_data(folder / _DEFECTS),
    }
    upstream = json.dumps(upstream_data(folder / _UPSTREAM), ensure_ascii=False, indent=1)
    module = _MODULE + _literal(document, "\n")
    return {"compiled.py": f"{module}\n", UPSTREAM: f"{upstream}\n"}


def _literal(value: Any, margin: str) -> str:
    """A value as Python's source, an entry a line."""
    inner = margin + " "
    if isinstance(value, dict) and value:
        return "{" + "".join(f"{inner}{key!r}: {_literal(one, inner)}," for key, one in value.items()) + margin + "}"
    if isinstance(value, list) and value:
        return "[" + "".join(f"{inner}{_literal(one, inner)}," for one in value) + margin + "]"
    return repr(value)


def main(arguments: list[str]) -> int:
    """Write or check. :returns: 0, or 1 when ``--check`` finds a difference, or 2 when a file is wrong."""
    try:
        texts = compiled()
    except BringupError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    different = [name for name, text in texts.items() if _read(_ROOM / name) != text]
    if "--check" in arguments:
        for name in different:
            sys.stderr.write(f"{name} is not what the YAML files say: run python -m bringup.kernel.compile\n")
        return int(bool(different))
    for name in different:
        (_ROOM / name).write_text(texts[name], "utf-8")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
