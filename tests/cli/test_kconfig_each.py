"""``bringup kconfig check --each``: many configurations at once, each with the verdicts that it gets alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bringup.cli.actions.kconfig.each import check_each
from bringup.document import write_document
from bringup.kernel.history.version import KernelVersion
from bringup.kernel.requirements.check import CheckOptions, check_source
from bringup.kernel.sources.source import open_source
from tests.support.command import bringup
from tests.support.kernel import golden
from tests.support.schemas import closed, published

OPTIONS = CheckOptions()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded slices of real configurations, one file each, in folders by the kernel's series."""
    folder = tmp_path_factory.mktemp("real")
    for name, entry in golden.load_slices().items():
        config = golden.config_of(entry)
        head = f"# {entry['head']} Kernel Configuration\n" if entry["head"] else ""
        file = folder / name.split()[1].replace("/", "-") / f"config-{name.replace('/', '-').replace(' ', '_')}"
        file.parent.mkdir(exist_ok=True)
        file.write_text(head + "".join(f"{config.line(symbol)}\n" for symbol in config))
    return folder


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_real_configuration_gets_the_verdicts_that_it_gets_alone(
    real: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_each([real], OPTIONS, as_json=True) == 1
    results = lines(capsys.readouterr().out)
    files = sorted(path for path in real.rglob("config-*"))
    assert [result["path"] for result in results] == [str(path) for path in files]
    assert len(files) == len(golden.load_slices())
    validator = jsonschema.Draft202012Validator(closed(published("kernel/schemas/kconfig-each-1.json")))
    for path, result in zip(files, results, strict=True):
        alone = json.loads(write_document(check_source(open_source(path), OPTIONS)))
        assert (result["check"], result["outcome"]) == (alone, alone["outcome"])
        validator.validate(result)
    assert {result["outcome"] for result in results} >= {"fail", "warn"}


def test_a_file_that_cannot_be_read_stops_no_other(real: Path, tmp_path: Path) -> None:
    good = next(real.rglob("config-*"))
    (tmp_path / "damaged").write_text("CONFIG_A\n")
    (tmp_path / "empty").mkdir()
    paths = [str(tmp_path / "damaged"), str(tmp_path / "none"), str(tmp_path / "empty"), str(good)]
    ran = bringup("kconfig", "check", "--each", *paths, "--json")
    results = lines(ran.stdout)
    assert [result["path"] for result in results] == paths
    assert [result["outcome"] == "error" for result in results] == [True, True, True, False]
    assert results[0]["error"] == f"{tmp_path / 'damaged'}:1: 'CONFIG_A': expected CONFIG_NAME=value"
    assert "No such file" in results[1]["error"]
    assert "holds no file" in results[2]["error"]
    assert "check" not in results[0]
    assert "error" not in results[3]


def test_the_table_has_a_line_per_file_and_the_totals(real: Path, tmp_path: Path) -> None:
    good = next(path for path in sorted(real.rglob("config-*")) if "6.12" in path.name)
    ran = bringup("kconfig", "check", "--each", str(good), str(tmp_path / "none"), environ={"COLUMNS": "300"})
    assert str(good) in ran.stdout
    assert "6.12" in ran.stdout
    assert "No such file" in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("2 files: ")
    assert ran.stderr == "", "no progress where nobody watches"


def test_paths_come_from_stdin_and_from_folders(real: Path, tmp_path: Path) -> None:
    (tmp_path / "kernel").mkdir()
    for name in (
        ".config",
        "gki_defconfig",
        "config-6.12.1",
        "config.amd64",
        "a.config",
        "config.h",
        "notes",
        "Kconfig",
    ):
        (tmp_path / "kernel" / name).write_text("CONFIG_DMABUF_HEAPS=y\n")
    listed = f"{tmp_path / 'kernel' / 'notes'}\n\n{tmp_path / 'kernel'}\n"
    ran = bringup("kconfig", "check", "--each", "-", "--json", stdin=listed)
    names = [Path(result["path"]).name for result in lines(ran.stdout)]
    assert names == ["notes", ".config", "a.config", "config-6.12.1", "config.amd64", "gki_defconfig"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("CONFIG_A=y\n", 0), ("CONFIG_A=m\n", 1), ("CONFIG_A\n", 3)],
)
def test_the_exit_status_is_that_of_the_worst(text: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "schema: bringup.kconfig-requirements/1\n"
        "requirements: [{id: mine.a, title: A is on, need: {A: y}, why: because}]\n"
    )
    (tmp_path / "right").write_text("# Linux/arm64 6.12.1 Kernel Configuration\nCONFIG_A=y\n")
    (tmp_path / "other").write_text(f"# Linux/arm64 6.12.1 Kernel Configuration\n{text}")
    rules = ["--no-shipped", "--requirements", str(tmp_path / "mine.yaml")]
    ran = bringup("kconfig", "check", "--each", str(tmp_path / "right"), str(tmp_path / "other"), *rules)
    assert ran.returncode == code
    (tmp_path / "failing").write_text("# Linux/arm64 6.12.1 Kernel Configuration\nCONFIG_A=n\n")
    assert bringup("kconfig", "check", "--each", str(tmp_path), *rules).returncode == 3, "none has a config's name"
    more = [str(tmp_path / name) for name in ("right", "other", "failing")]
    assert bringup("kconfig", "check", "--each", *more, *rules).returncode == 1, "fail counts more than error"


def test_the_other_options_hold_for_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.config", "b.config"):
        (tmp_path / name).write_text("CONFIG_DMABUF_HEAPS=y\n")
    check_each([tmp_path], CheckOptions(version=KernelVersion.parse("6.6"), arch="arm64"), as_json=True)
    checks = [result["check"] for result in lines(capsys.readouterr().out)]
    assert [(check["kernel"], check["arch"]) for check in checks] == [("6.6", "arm64")] * 2


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        ([], "no file was named"),
        (["--record", "x"], "a record or a board is named, too"),
        (["x", "-s", "y"], "a record or a board is named, too"),
    ],
)
def test_wrong_usage(arguments: list[str], seen: str) -> None:
    ran = bringup("kconfig", "check", "--each", *arguments)
    assert ran.returncode == 2
    assert seen in ran.stderr
