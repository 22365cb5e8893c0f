"""The published schemas: every document satisfies them, and they know every field that is written."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bringup.cli.actions.kconfig.output import show_differences
from bringup.config.shipped import load_all
from bringup.document import write_document
from bringup.facts.upstream_gap import gap_of_config
from bringup.kernel.history.status import status_document
from bringup.kernel.history.symbols import symbol_table
from bringup.kernel.history.version import KernelVersion
from bringup.kernel.kconfig.dotconfig import parse_config
from bringup.kernel.requirements.check import CheckOptions, check_source
from bringup.kernel.requirements.diff import KconfigDiff, differences
from bringup.kernel.requirements.explain import explain
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.sources.source import Source, SourceKind, open_source
from tests.support.kernel import golden
from tests.support.kernel.images import CONFIG, boot_v3, plain_kernel
from tests.support.schemas import closed, published


def schema(name: str) -> Any:
    return published(f"kernel/schemas/{name}-1.json")


def validate(name: str, document: Any) -> Any:
    written = json.loads(write_document(document))
    jsonschema.Draft202012Validator(closed(schema(name))).validate(written)
    return written


def test_checks(tmp_path: Path) -> None:
    for name, entry in golden.load_slices().items():
        validate("kconfig", check_source(Source(name, SourceKind.CONFIG, golden.config_of(entry)), CheckOptions()))
    (tmp_path / "boot.img").write_bytes(boot_v3(4, plain_kernel()))
    (tmp_path / "more").write_text("CONFIG_DMABUF_HEAPS=n\nCONFIG_DMA_PERNUMA_CMA=y\n")
    merged = open_source([tmp_path / "boot.img", tmp_path / "more"])
    written = validate("kconfig", check_source(merged, CheckOptions(later=KernelVersion.parse("7.2"))))
    assert written["overrides"]
    assert written["changes"]
    validate("kconfig", check_source(Source("x", SourceKind.KERNEL, None, "none"), CheckOptions()))
    broken = copy.deepcopy(written)
    broken["verdicts"][0]["answer"] = "maybe"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(closed(schema("kconfig"))).validate(broken)


def test_differences() -> None:
    text = CONFIG.decode()
    found = differences([parse_config(text, "a"), parse_config(text + "CONFIG_NEW=y\n", "b", complete=False)])
    assert found
    validate("kconfig-diff", KconfigDiff(("a", "b"), found))


def test_differences_as_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, extra in (("a", ""), ("b", "CONFIG_NEW=y\n"), ("c", "CONFIG_NEW=m\n")):
        (tmp_path / name).write_text(CONFIG.decode() + extra)
    sources = [open_source(tmp_path / name) for name in "abc"]
    assert show_differences(sources, same=True, exact=False, heaps_only=False, as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(closed(schema("kconfig-diff"))).validate(document)
    assert [pair["sources"] for pair in document["disagreements"]] == [[0, 1], [0, 2], [1, 2]]
    show_differences(sources, same=True, exact=False, heaps_only=False, as_json=False)
    assert capsys.readouterr().out.endswith(
        "3 sources disagree on 1 symbol\n  a and b: 1 symbol\n  a and c: 1 symbol\n  b and c: 1 symbol\n"
    )


def test_explanations() -> None:
    for name in (*symbol_table(), *(requirement.id for requirement in shipped_requirements())):
        validate("kconfig-explain", explain(name).document())


@pytest.mark.parametrize("kernel", [None, "6.12"])
def test_status(kernel: str | None) -> None:
    version = KernelVersion.parse(kernel) if kernel else None
    validate("status", status_document(version))
    for config in load_all():
        validate("status", status_document(version, gap_of_config(config)))
