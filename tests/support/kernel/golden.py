"""Real configurations in short, and what is said of each: ``python -m tests.support.kernel.golden`` writes both files anew.

``real_configs.json`` keeps, of each configuration that ``tests.support.kernel.fetch`` brought, the symbols that a requirement or
a history looks at, and the head comment; the values are facts of Debian's packages and of the kernel's own defconfigs.
``golden_verdicts.txt`` tells the verdicts, configurations with the same ones together. Who writes it anew reads the
difference: each line of it was checked by hand against the configurations.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from bringup.kernel.history.symbols import symbol_table
from bringup.kernel.history.version import KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig, parse_config
from bringup.kernel.kconfig.expression import parse_expression, symbols_in
from bringup.kernel.requirements.judge import judge, shipped_requirements
from bringup.kernel.requirements.requirement import symbols_of
from bringup.kernel.requirements.verdict import Answer
from bringup.kernel.sources.source import open_source
from bringup.outcome import Outcome
from tests.support.kernel.fetch import configs, trees

SLICES = Path(__file__).with_name("real_configs.json")
GOLDEN = Path(__file__).with_name("golden_verdicts.txt")
DEFCONFIGS = {"arm64": "defconfig", "arm": "multi_v7_defconfig", "riscv": "defconfig", "x86": "x86_64_defconfig"}


def load_slices() -> dict[str, dict[str, str]]:
    """The shortened configurations by name."""
    slices: dict[str, dict[str, str]] = json.loads(SLICES.read_text("utf-8"))
    return slices


def looked_at() -> set[str]:
    """Every symbol that a verdict may depend on."""
    names = {name for one in shipped_requirements() for name in one.symbols}
    names |= {name for one in shipped_requirements() if one.when for name in symbols_of(one.when)}
    for history in symbol_table().values():
        names.add(history.name)
        for era in history.eras:
            texts = [era.depends, *(part for default in era.defaults for part in default)]
            names |= {name for text in texts for name in symbols_in(parse_expression(text))}
            names |= {name for name, _ in era.selected_by}
    return names


def slice_of(config: KernelConfig, names: set[str]) -> str:
    """A configuration in one line: ``NAME=value`` and ``!NAME`` for "is not set"."""
    return " ".join(
        f"!{name}" if value == "n" else f"{name}={value}" for name, value in config.values.items() if name in names
    )


def config_of(entry: dict[str, str]) -> KernelConfig:
    """The configuration that a slice is of, as far as it goes."""
    lines = (
        f"# CONFIG_{word[1:]} is not set" if word[0] == "!" else f"CONFIG_{word}" for word in entry["symbols"].split()
    )
    head = f"# {entry['head']} Kernel Configuration\n" if entry["head"] else ""
    return parse_config(head + "\n".join(lines) + "\n", "slice", complete=entry["kind"] == "config")


def verdicts_of(config: KernelConfig, version: KernelVersion | None = None, arch: str | None = None) -> str:
    """Verdicts in a few lines; what was not asked is left out."""
    groups: dict[str, list[str]] = {}
    for one in judge(config, version, arch=arch):
        if one.answer is Answer.NOT_ASKED:
            continue
        label = one.outcome.value if one.outcome is not Outcome.SKIP else f"skip ({one.answer.value})"
        groups.setdefault(label, []).append(one.id)
    return "".join(f"    {label}: {' '.join(ids)}\n" for label, ids in sorted(groups.items()))


def judged(name: str, entry: dict[str, str]) -> str:
    """The verdicts of a slice; a defconfig does not say of which kernel it is, its name does."""
    version = None if entry["kind"] == "config" else KernelVersion.parse(name.split()[1])
    return verdicts_of(config_of(entry), version, entry.get("arch"))


def render(slices: dict[str, dict[str, str]]) -> str:
    """The golden file."""
    groups: dict[str, list[str]] = {}
    for name, entry in slices.items():
        groups.setdefault(judged(name, entry), []).append(name)
    return "\n".join("".join(f"{name}\n" for name in names) + verdicts for verdicts, names in groups.items())


def _slices() -> Iterable[tuple[str, dict[str, str]]]:
    names = looked_at()
    for path in configs():
        config = open_source(path).config
        assert config is not None
        label = f"Debian {path.parent.name} {path.name.removeprefix('config.').removesuffix('.xz')}"
        yield (
            label,
            {"kind": "config", "head": f"Linux/{config.arch} {config.version}", "symbols": slice_of(config, names)},
        )
    for tree in trees():
        for arch, name in DEFCONFIGS.items():
            config = open_source(tree / "arch" / arch / "configs" / name).config
            assert config is not None
            series = tree.name.removeprefix("linux-source-")
            entry = {"kind": "defconfig", "head": "", "arch": arch, "symbols": slice_of(config, names)}
            yield f"defconfig {series} {arch} {name}", entry


def main() -> int:
    """Write both files."""
    slices = dict(_slices())
    SLICES.write_text(json.dumps(slices, indent=0, sort_keys=True) + "\n", "utf-8")
    GOLDEN.write_text(render(load_slices()), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
