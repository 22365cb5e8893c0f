"""The published schemas: every document satisfies them, and they know every field that is written."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

import bringup.kernel
import bringup.report
from bringup.cli.commands.kconfig.output import show_differences
from bringup.config.shipped import load_all
from bringup.facts.upstream_gap import gap_of_config
from bringup.kernel.history.symbols import symbol_table
from bringup.kernel.history.upstream import features, looked_at
from bringup.kernel.history.version import KernelVersion
from bringup.kernel.kconfig.dotconfig import parse_config
from bringup.kernel.requirements.checked import Asked, check_source
from bringup.kernel.requirements.diff import configs_of, differences
from bringup.kernel.requirements.explain import explain
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.sources.configuration import Source, SourceKind, open_source
from tests.support.kernel import golden
from tests.support.kernel.images import CONFIG, boot_v3, plain_kernel
from tests.support.schemas import closed

FOLDER = Path(bringup.kernel.__file__).parent / "schemas"
NAMES = ["kconfig", "kconfig-diff", "kconfig-explain", "status"]


def schema(name: str) -> Any:
    return json.loads((FOLDER / f"{name}-1.json").read_text())


def validate(name: str, document: Any) -> None:
    jsonschema.Draft202012Validator(closed(schema(name))).validate(json.loads(json.dumps(document)))


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{one}-1.json" for one in NAMES)


def test_checks(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(closed(schema("kconfig")))
    for name, entry in golden.load_slices().items():
        source = Source(name, SourceKind.CONFIG, golden.config_of(entry))
        validator.validate(json.loads(json.dumps(check_source(source, Asked()).to_json())))
    (tmp_path / "boot.img").write_bytes(boot_v3(4, plain_kernel()))
    (tmp_path / "more").write_text("CONFIG_DMABUF_HEAPS=n\nCONFIG_DMA_PERNUMA_CMA=y\n")
    merged = open_source([tmp_path / "boot.img", tmp_path / "more"])
    document = check_source(merged, Asked(later=KernelVersion.parse("7.2"))).to_json()
    assert document["overrides"]
    assert document["changes"]
    validate("kconfig", document)
    validate("kconfig", check_source(Source("x", SourceKind.KERNEL, None, "none"), Asked()).to_json())
    broken = copy.deepcopy(json.loads(json.dumps(document)))
    broken["verdicts"][0]["answer"] = "maybe"
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(broken)


def test_differences() -> None:
    text = CONFIG.decode()
    found = differences([parse_config(text, "a"), parse_config(text + "CONFIG_NEW=y\n", "b", complete=False)])
    assert found
    document = {
        "schema": "bringup.kconfig-diff/1",
        "sources": ["a", "b"],
        "differences": [one.to_json() for one in found],
    }
    validate("kconfig-diff", document)


def test_differences_as_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, extra in (("a", ""), ("b", "CONFIG_NEW=y\n"), ("c", "CONFIG_NEW=m\n")):
        (tmp_path / name).write_text(CONFIG.decode() + extra)
    sources = [open_source(tmp_path / name) for name in "abc"]
    found = differences(configs_of(sources))
    show_differences(found, sources, same=True, as_json=True)
    document = json.loads(capsys.readouterr().out)
    validate("kconfig-diff", document)
    assert [one["sources"] for one in document["disagreements"]] == [[0, 1], [0, 2], [1, 2]]
    show_differences(found, sources, same=True, as_json=False)
    assert capsys.readouterr().out.endswith(
        "3 sources disagree on 1 symbol\n  a and b: 1 symbol\n  a and c: 1 symbol\n  b and c: 1 symbol\n"
    )


def test_explanations() -> None:
    validator = jsonschema.Draft202012Validator(closed(schema("kconfig-explain")))
    for name in (*symbol_table(), *(one.id for one in shipped_requirements())):
        validator.validate(json.loads(json.dumps(explain(name).to_json())))


@pytest.mark.parametrize("kernel", [None, "6.12"])
def test_status(kernel: str | None) -> None:
    version = KernelVersion.parse(kernel) if kernel else None
    document = {
        "schema": "bringup.status/1",
        "kernel": kernel,
        "looked_at": str(looked_at()),
        "features": [one.to_json(version) for one in features()],
    }
    validate("status", document)
    for config in load_all():
        validate("status", document | {"upstream_gap": msgspec.to_builtins(gap_of_config(config))})
