"""The device tree that a board starts with: QEMU's own, with an overlay applied to it.

Source: QEMU's manual, "virt" machine, ``dumpdtb``; dtc and fdtoverlay of the package device-tree-compiler.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, VirtualBoardError
from bringup.text import from_board, visible

__all__ = ["COMPILER_PACKAGE", "device_tree"]

COMPILER_PACKAGE = "device-tree-compiler"
_COMPILED = b"\xd0\x0d\xfe\xed"
_ACTION = "make the virtual board's device tree"


def device_tree(machine: Sequence[str], overlay: bytes, folder: Path, deadline: Deadline) -> Path:
    """Write the tree to ``folder/board.dtb``.

    :param machine: QEMU's program and the arguments that describe the machine.
    :param overlay: compiled (``.dtbo``) or source (``.dtso``); references to labels find none in QEMU's tree, so
        that its target has to be a path.
    :raises VirtualBoardError: a tool is missing, or the overlay cannot be compiled or applied.
    """
    base, compiled, result = folder / "qemu.dtb", folder / "overlay.dtbo", folder / "board.dtb"
    quoted = str(base).replace(",", ",,")
    _run([*machine, "-netdev", "user,id=net0", "-machine", f"dumpdtb={quoted}"], deadline)
    if overlay.startswith(_COMPILED):
        compiled.write_bytes(overlay)
    else:
        # -@ keeps labels; nodes with a size and no address are right in reserved-memory
        compiler = [_tool("dtc"), "-q", "-@", "-I", "dts", "-O", "dtb", "-o", str(compiled), "-"]
        _run(compiler, deadline, overlay)
    _run([_tool("fdtoverlay"), "-i", str(base), "-o", str(result), str(compiled)], deadline)
    return result


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        hint = f"sudo apt-get install --no-install-recommends {COMPILER_PACKAGE}"
        raise VirtualBoardError(_ACTION, f"{name} is not on PATH", hint=hint)
    return path


def _run(argv: Sequence[str], deadline: Deadline, given: bytes = b"") -> None:
    try:
        done = subprocess.run(argv, input=given, capture_output=True, timeout=deadline.require(_ACTION), check=False)
    except subprocess.TimeoutExpired as error:
        raise DeadlineExceeded(_ACTION, f"{Path(argv[0]).name} has not ended within {deadline.budget:g} s") from error
    if done.returncode != 0:
        said = visible(from_board(done.stderr + done.stdout)).strip() or f"it ended with {done.returncode}"
        raise VirtualBoardError(_ACTION, f"{Path(argv[0]).name}: {said}")
