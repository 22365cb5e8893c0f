"""What goes wrong before a board is reached: a clear message, the next step, the documented exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bringup.errors import UsageError
from bringup.kernel.history.architecture import arch_named
from bringup.lab.run_folder import prepare_folder, write_reports
from bringup.results.run import Run
from tests.support.command import bringup
from tests.support.native_adbd import NativeBoard
from tests.support.scripted_record import CONFIG, ScriptedBoard

ROOT = Path(__file__).parent.parent.parent
# An adb server listens on 127.0.0.1; and for a host that is named nobody starts one.
NO_SERVER = "tcp:127.0.0.2:1"
RUN = Run(boards=(), tool="0", started="2026-01-01T00:00:00Z")


def test_no_such_command_suggests() -> None:
    done = bringup("borads")
    assert done.returncode == 2
    assert "boards" in done.stderr


def test_no_such_board_config_suggests() -> None:
    done = bringup("render", "all", "--board", "db845")
    assert done.returncode == 2
    assert "db845c" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", [["--config", "rpi4"], ["--config=rpi4"]])
def test_a_board_config_is_named_with_board(option: list[str]) -> None:
    done = bringup("run", *option)
    assert done.returncode == 2
    assert "--board NAME names a board config" in done.stderr


@pytest.mark.parametrize(
    "command", [["heap", "list"], ["collect", "-o", "nowhere"], ["config", "init"], ["kconfig", "check"]]
)
def test_a_command_for_one_board_says_so(command: list[str]) -> None:
    done = bringup(*command, "-s", "one", "-s", "two")
    assert done.returncode == 2
    assert "2 boards are named" in done.stderr
    assert "internal error" not in done.stderr


def test_yaml_typo_names_file_line_column_and_the_key_that_was_meant(tmp_path: Path) -> None:
    text = "name: mine\ntitle: Mine\nheaps:\n  - name: system\n    kidn: system\n"
    (tmp_path / "mine.yaml").write_text(text)
    done = bringup("config", "check", str(tmp_path / "mine.yaml"))
    assert done.returncode == 2
    assert "mine.yaml:5:5" in done.stderr
    assert "kind" in done.stderr


def test_every_shipped_config_is_right() -> None:
    done = bringup("config", "check")
    assert done.returncode == 0, done.stderr


def test_report_of_nothing_says_what_to_give(tmp_path: Path) -> None:
    done = bringup("report", str(tmp_path))
    assert done.returncode == 2
    assert "bringup run" in done.stderr


def test_check_of_no_record(tmp_path: Path) -> None:
    done = bringup("check", str(tmp_path))
    assert done.returncode == 2
    assert "bringup collect" in done.stderr


def test_check_of_a_truncated_record_is_an_error_and_loses_nothing(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    journal = tmp_path / "record" / "record.jsonl"
    journal.write_bytes(journal.read_bytes()[:-200])
    done = bringup("check", str(tmp_path / "record"), "--json")
    run = json.loads(done.stdout)
    assert done.returncode == 3
    by_id = {one["id"]: one for one in run["boards"][0]["verdicts"]}
    assert by_id["board.observed"]["outcome"] == "error"
    assert by_id["heap.folder"]["outcome"] == "pass"  # what was seen before the cut still counts


def test_a_run_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    ScriptedBoard().record(tmp_path / "record")
    done = bringup("run", "-o", str(tmp_path), "--replace", "-L", NO_SERVER)
    assert done.returncode != 0
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize(
    "make", [lambda folder: prepare_folder(folder, replace=False), lambda folder: write_reports(RUN, folder)]
)
def test_what_is_in_the_way_of_a_run_folder_is_named(tmp_path: Path, make: Callable[[Path], object]) -> None:
    (tmp_path / "file").touch()
    for folder in ("file", "file/run", "file/a/b/run"):
        with pytest.raises(UsageError) as error:
            make(tmp_path / folder)
        assert error.value.seen == f"{tmp_path / 'file'} is not a folder"


def test_replacing_a_run_leaves_what_no_run_wrote(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "board")
    for name in ("run.json", "notes.txt"):
        (tmp_path / name).write_text("mine")
    prepare_folder(tmp_path, replace=True)
    assert [one.name for one in tmp_path.iterdir()] == ["notes.txt"]


def test_fixes_are_not_written_over_a_persons_own_files(tmp_path: Path) -> None:
    ScriptedBoard(config=CONFIG.replace("CONFIG_SYNC_FILE=y\n", "")).record(tmp_path / "record")
    fixes = tmp_path / "fixes"
    assert bringup("check", str(tmp_path / "record"), "--fix-dir", str(fixes)).returncode in (0, 1)
    assert "CONFIG_SYNC_FILE=y" in (fixes / "kconfig.fragment").read_text()
    ScriptedBoard().record(tmp_path / "mended")
    bringup("check", str(tmp_path / "mended"), "--fix-dir", str(fixes))
    assert "CONFIG_SYNC_FILE=y" not in "".join(one.read_text() for one in fixes.rglob("*") if one.is_file())
    (fixes / "README.md").write_text("# Mine\n")
    done = bringup("check", str(tmp_path / "record"), "--fix-dir", str(fixes))
    assert (done.returncode, done.stdout) == (2, "")
    assert "README.md is there" in done.stderr
    assert (fixes / "README.md").read_text() == "# Mine\n"


@pytest.mark.parametrize("name", ["kconfig.fragment", "sepolicy"])
def test_fixes_are_not_written_through_links(tmp_path: Path, name: str) -> None:
    ScriptedBoard(config=CONFIG.replace("CONFIG_SYNC_FILE=y\n", "")).record(tmp_path / "record")
    (tmp_path / "fixes").mkdir()
    (tmp_path / "fixes" / name).symlink_to(tmp_path / "elsewhere")
    done = bringup("check", str(tmp_path / "record"), "--fix-dir", str(tmp_path / "fixes"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "is a link" in done.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_what_was_given_in_place_of_a_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "words").write_text("x")
    ScriptedBoard().record(tmp_path / "run" / "board")
    seen = {
        "noise": "it is not JSON",
        "words": "it is not JSON: line 1",
        "nothing": "No such file",
        "run/board": "bringup check",
        "run": f"bringup check {tmp_path / 'run'}/*/",
    }
    for name, words in seen.items():
        done = bringup("report", str(tmp_path / name))
        assert done.returncode == 2
        assert words in done.stderr
        assert len(done.stderr) < 500
        assert "Error(" not in done.stderr


def test_a_record_of_a_later_version_and_a_folder_of_records_are_reported(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "run" / "board")
    assert f"name the record: {tmp_path / 'run' / 'board'}" in bringup("check", str(tmp_path / "run")).stderr
    ScriptedBoard().record(tmp_path / "run" / "other")
    assert f"bringup check {tmp_path / 'run'}/*/" in bringup("check", str(tmp_path / "run")).stderr
    journal = tmp_path / "run" / "board" / "record.jsonl"
    journal.write_text(journal.read_text().replace("bringup.record/1", "bringup.record/9"))
    done = bringup("check", str(journal.parent))
    assert done.returncode == 2
    assert "it is a bringup.record/9" in done.stderr


@pytest.mark.parametrize("other", [["-s", "x"], ["-t", "1"], ["-d"], ["-e"], ["--all"]])
def test_a_virtual_board_and_another_are_not_both_meant(other: list[str], tmp_path: Path) -> None:
    done = bringup("run", "--virtual", "amd64", *other, "-o", str(tmp_path / "r"))
    assert done.returncode == 2
    assert f"{other[0]} names another" in done.stderr


def test_a_config_dir_that_is_not_there(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    done = bringup("check", str(tmp_path / "record"), "--config-dir", str(tmp_path / "confgis"))
    assert done.returncode == 2
    assert "confgis" in done.stderr


@pytest.mark.parametrize("option", ["--root=sometimes", "--rounds=-1", "--rounds=1001", "--seconds=0"])
def test_bad_options(option: str) -> None:
    done = bringup("run", option)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_explain_names_reason_and_source() -> None:
    done = bringup("explain", "heap.expected")
    assert done.returncode == 0
    assert "Why:" in done.stdout
    assert "Source:" in done.stdout
    assert bringup("explain", "heap.expcted").returncode == 2


def test_explain_describes_one_heap_test() -> None:
    done = bringup("explain", "zero.reuse")
    told = [line.partition(":")[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    head = ["allocator.zero.reuse (test)", "", "Does", "Why", "Kernels", "Asked of", "Source", "Skipped for"]
    assert told == [*head, "Known defects", "When it fails"]


def test_explain_describes_a_check_and_the_cause_of_the_same_name() -> None:
    done = bringup("explain", "cma.exhausted")
    assert "cma.exhausted (check)" in done.stdout
    assert "cma.exhausted (cause)" in done.stdout


def test_explain_lists_everything_as_json() -> None:
    document = json.loads(bringup("explain", "--json").stdout)
    assert document["schema"] == "bringup.explain/1"
    listed = document["explained"]
    assert {one["kind"] for one in listed} == {"check", "test", "cause", "use"}
    assert all(one["does"] and one["skipped"] is not None for one in listed if one["kind"] == "test")


def test_explain_is_completed() -> None:
    words = "bringup explain allocator.zero"
    done = bringup(environ={"_BRINGUP_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "2"})
    assert done.stdout.split() == ["allocator.zero.fresh", "allocator.zero.reuse"]


def test_stdout_is_plain_without_a_terminal() -> None:
    done = bringup("explain")
    assert "\x1b" not in done.stdout


def test_json_is_one_document(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    done = bringup("check", str(tmp_path / "record"), "--json")
    assert json.loads(done.stdout)["schema"] == "bringup.run/1"


def test_no_adb_server_is_started_where_adb_itself_would_start_none() -> None:
    done = bringup("boards", "-L", NO_SERVER)
    assert done.returncode == 3
    assert "nothing answers, and a host is named" in done.stderr


def test_no_qemu_names_the_package(tmp_path: Path) -> None:
    done = bringup("virtual", "start", "amd64", environ={"PATH": str(tmp_path)})
    assert done.returncode == 3
    assert "qemu-system-x86" in done.stderr


def test_a_file_is_not_written_over_what_it_is_made_from(tmp_path: Path) -> None:
    config = tmp_path / ".config"
    config.write_text(CONFIG)
    (tmp_path / "link").symlink_to(config)
    for output in (config, tmp_path / "link"):
        done = bringup("kconfig", "fragment", str(config), "-o", str(output))
        assert done.returncode == 2
        assert "would be lost" in done.stderr
    assert config.read_text() == CONFIG


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["config", "schema", "-o", "words/file"], 2),
        (["config", "schema", "-o", "."], 2),
        (["config", "schema", "-o", "new/folder/file"], 0),
        (["kconfig", "fragment", "--kernel", "6.12", "words", "-o", "words/file"], 2),
        (["check", "record", "-o", "words"], 2),
        (["check", "record", "-o", "/proc/nothing"], 3),
        (["run", "-o", "words"], 2),
        (["config", "init", "--record", "record", "-o", "caf\udce9.yaml"], 2),
    ],
)
def test_where_nothing_can_be_written(
    command: list[str], status: int, native_board: NativeBoard, tmp_path: Path
) -> None:
    (tmp_path / "words").write_text("CONFIG_A=y\n")
    ScriptedBoard().record(tmp_path / "record")
    port = str(native_board.server.address.port)
    done = bringup(*command, cwd=tmp_path, environ={"ANDROID_ADB_SERVER_PORT": port})
    assert done.returncode == status
    assert "internal error" not in done.stderr
    assert (tmp_path / "words").read_text() == "CONFIG_A=y\n"
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("said", "meant"), [("aarch64", "arm64"), ("x86_64", "x86"), ("armv7l", "arm"), ("arm64", "arm64")]
)
def test_an_architecture_by_another_name(said: str, meant: str) -> None:
    assert arch_named(said) == meant


def test_an_architecture_that_no_kernel_has_skips_no_requirement(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text(CONFIG)
    done = bringup("kconfig", "check", str(tmp_path / ".config"), "--arch", "amr64")
    assert done.returncode == 2
    assert "'amr64' is not an architecture" in done.stderr


def test_a_forecast_for_an_earlier_kernel_is_none(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text(CONFIG)
    done = bringup("kconfig", "check", str(tmp_path / ".config"), "--for", "5.2")
    assert done.returncode == 2
    assert "the configuration is of 6.12.107, which is later" in done.stderr


@pytest.mark.parametrize(
    "command", [["check", "record"], ["report", "run", "-f", "md"], ["config", "list"], ["explain", "heap.latency"]]
)
def test_a_terminal_of_few_characters_is_no_fault(command: list[str], tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    bringup("check", "record", "-o", "run", cwd=tmp_path)
    done = bringup(*command, cwd=tmp_path, environ={"PYTHONIOENCODING": "ascii"})
    assert "internal error" not in done.stderr
    assert done.returncode in (0, 1)


@pytest.mark.parametrize(
    "command",
    [["config", "list"], ["virtual", "list"], ["boards"], ["doctor"], ["status"], ["kconfig", "explain", "--list"]],
)
def test_every_list_is_one_document_with_a_schema(command: list[str], native_board: NativeBoard) -> None:
    port = str(native_board.server.address.port)
    done = bringup(*command, "--json", environ={"ANDROID_ADB_SERVER_PORT": port})
    assert json.loads(done.stdout)["schema"].startswith("bringup.")


@pytest.mark.parametrize(("name", "words"), [("alloc.pgae", "alloc.page"), ("zzz", "bringup explain")])
def test_an_unknown_test_is_reported_before_a_board_is_asked(name: str, words: str) -> None:
    done = bringup("heap", "test", "--test", name, "-L", NO_SERVER)
    assert done.returncode == 2
    assert words in done.stderr


@pytest.mark.parametrize("columns", [20, 40, 160])
def test_no_word_of_a_table_is_broken_on_a_narrow_terminal(columns: int) -> None:
    done = bringup("virtual", "list", environ={"COLUMNS": str(columns)})
    assert "arm64-debian" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= columns
    assert all(word in done.stdout.split() for word in ("Debian", "profile:" if columns < 160 else "profile"))


def test_what_the_doctor_prescribes_can_be_copied(tmp_path: Path) -> None:
    done = bringup("doctor", environ={"PATH": str(tmp_path), "COLUMNS": "40"})
    (line,) = [one for one in done.stdout.splitlines() if "gcc-aarch64-linux-gnu flex" in one]
    assert "apt-get install --no-install-recommends make gcc" in line
    assert "perl xz-utils" in line


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("bringup run --root n", "never"),
        ("bringup kconfig explain DMABUF_HEAPS_S", "DMABUF_HEAPS_SYSTEM"),
        ("bringup heap test --test alloc.p", "alloc.page"),
    ],
)
def test_the_shell_completes(words: str, found: str) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_BRINGUP_COMPLETE": "complete_bash"}
    assert found in bringup(environ=asked).stdout.split()
