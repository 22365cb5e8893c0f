"""Rendered SELinux rules and contexts in the hands of the tools that read them: checkpolicy and libselinux."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["PLATFORM", "TOOLS", "compiled", "looked_up"]

TOOLS = ("checkpolicy", "secilc", "m4", "selabel_lookup")
SECONDS = 60
BASE = (Path(__file__).parent / "sepolicy/base.conf").read_text()
#: What the platform's own file_contexts say of heaps.
PLATFORM = """\
/dev/dma_heap(/.*)? u:object_r:dmabuf_heap_device:s0
/dev/dma_heap/system u:object_r:dmabuf_system_heap_device:s0
/dev/dma_heap/system-uncached u:object_r:dmabuf_system_heap_device:s0
/dev/dma_heap/system-secure(.*) u:object_r:dmabuf_system_secure_heap_device:s0
"""


def compiled(te: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """m4, then checkpolicy to ``policy.bin``: all rules are checked against the neverallow rules."""
    folder.mkdir(exist_ok=True)
    source = folder / "policy.m4"
    source.write_text(BASE.replace("\nMARK\n", f"\n{te}\n"))
    macros = subprocess.run(
        ["m4", "-E", "-E", "-s", str(source)], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    (folder / "policy.conf").write_text(macros.stdout)
    argv = ["checkpolicy", "-M", "-c", "30", *options, "-o", "policy.bin", "policy.conf"]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)


def looked_up(contexts: Path, path: str) -> str:
    """The label that libselinux finds for a character device; empty where there is none."""
    argv = ["selabel_lookup", "-b", "file", "-f", str(contexts), "-k", path, "-t", "char"]
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
    return done.stdout.rpartition("Default context: ")[2].strip() if done.returncode == 0 else ""
