"""Every board's heap map for both kernel eras, in one translation unit, so that the C++ library is read once."""

from __future__ import annotations

import re
from pathlib import Path

from bringup.render.engine import Rendered, render
from tests.support.render.shipped import BOARDS, TEMPLATES, config

INCLUDE = Path(__file__).parent / "include"
ERAS = ("5.10", "7.3")
_C_NAMES = ("bringup_heaps", "bringup_heap_rule", "bringup_heap_rules", "bringup_heap_for_usage")


def write_maps(root: Path) -> list[str]:
    """Write the files of each board and era into a folder below ``root``, and all.cpp and all.c that include them.

    :returns: the folders; ``FOLDER_bringup`` is each one's namespace, ``FOLDER_bringup_heaps`` its table.
    """
    folders = []
    for name in BOARDS:
        for era in ERAS:
            done = render("heap-map", config(name), kernel=era, dirs=TEMPLATES)
            files = [one for one in done if isinstance(one, Rendered)]
            if not files:
                continue
            folders.append(re.sub("[^a-z0-9]", "_", f"{name}_{era}"))
            (root / folders[-1]).mkdir()
            for one in files:
                (root / folders[-1] / one.path).write_text(one.text)
    cpp = "#include <BufferAllocator/BufferAllocator.h>\n" + _one_unit(folders, "heap_map.cpp", ("bringup",))
    (root / "all.cpp").write_text(cpp)
    (root / "all.c").write_text(_one_unit(folders, "heap_table.c", _C_NAMES))
    return folders


def _one_unit(folders: list[str], file: str, names: tuple[str, ...]) -> str:
    lines = []
    for folder in folders:
        lines += [f"#define {name} {folder}_{name}" for name in names]
        lines += ["#undef BRINGUP_HEAP_TABLE_H", f'#include "{folder}/{file}"']
        lines += [f"#undef {name}" for name in names]
    return "\n".join(lines) + "\n"
