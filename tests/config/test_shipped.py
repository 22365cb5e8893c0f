"""Where configs are found, and that those shipped are whole: every fact sourced, valid for editors, nothing guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema.exceptions import best_match
from ruamel.yaml import YAML

from bringup.config import shipped
from bringup.config.jsonschema import SCHEMA_ID, board_config_schema
from bringup.config.load import load_text
from bringup.errors import ConfigError, UsageError
from bringup.virtual import profiles
from tests.support.sources import unsourced

CONFIGS = shipped.shipped_dir("device-configs")
NAMES = list(shipped.list_configs([CONFIGS]))
FILES = sorted(CONFIGS.rglob("*.yaml"))
EDITOR = jsonschema.Draft202012Validator(board_config_schema())
MINE = "name: {}\ntitle: mine\n"


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_of_a_shipped_config_names_its_source(name: str) -> None:
    config = shipped.find_config(name, [CONFIGS])
    assert unsourced(config) == ()
    assert config.identity is not None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_file_stands_by_itself(path: Path) -> None:
    config = shipped.find_config(str(path.relative_to(CONFIGS).with_suffix("")), [CONFIGS])
    assert unsourced(config) == ()


def test_a_fact_without_a_source_is_found() -> None:
    text = "name: x\ntitle: x\nsources: {s: t}\nmemory: {base: 0, size: 1 GiB, source: {base: s}}\nsoc: {name: x}\n"
    assert unsourced(load_text(text.encode(), "x")) == (("soc", "name"), ("memory", "size"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_files_are_valid_for_editors(path: Path) -> None:
    """Read by plain YAML 1.2 rules, as an editor does: versions and modes are quoted, so both readings agree."""
    data: Any = YAML(typ="safe", pure=True).load(path.read_text())
    EDITOR.validate(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"titel": "x"}, "'titel' was unexpected"),
        ({"heaps": [{"name": "a", "kind": "cam"}]}, "'cam' is not one of"),
        ({"heaps": [{"kind": "cma"}]}, "'name' is a required property"),
        ({"kernel": {"versions": [6.12]}}, "6.12 is not of type 'string'"),
        ({"heaps": [{"name": "a", "node": {"mode": 444}}]}, "444 is not of type 'string'"),
        ({"extends": None}, "None is not of type 'string'"),
        ({"memory": {"size": "1 GB"}}, "'1 GB' does not match"),
    ],
)
def test_the_json_schema_refuses_what_the_loader_refuses(change: dict[str, Any], message: str) -> None:
    error = best_match(EDITOR.iter_errors({"name": "x", "title": "x", **change}))
    assert error is not None
    assert message in error.message


def test_the_json_schema_is_a_schema() -> None:
    schema = board_config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == SCHEMA_ID
    assert json.loads(json.dumps(schema)) == schema
    assert "null" not in json.dumps(schema)


def test_every_field_has_a_description() -> None:
    for name, definition in board_config_schema()["$defs"].items():
        for field, value in definition.get("properties", {}).items():
            assert value.get("description") or "$ref" in value, f"{name}.{field}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with no folders of its own, a home that is empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv(shipped.ENV_PATH, raising=False)
    return tmp_path


def put(folder: Path, name: str = "rb5", title: str = "mine") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(f"name: {name}\ntitle: {title}\n")
    return path


def test_only_the_shipped_folder_is_there_by_default(place: Path) -> None:
    assert shipped.config_dirs() == (CONFIGS,)
    assert shipped.template_dirs() == (shipped.shipped_dir("templates"),)


def test_the_users_folders_come_first_in_this_order(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = put(place / "asked").parent
    from_env = put(place / "env" / "device-configs").parent
    plain_env = put(place / "plain").parent
    here = put(place / "device-configs").parent
    home = put(place / "home/.config/bringup/device-configs").parent
    monkeypatch.setenv(shipped.ENV_PATH, f"{place / 'env'}:{plain_env}:/nonexistent:")
    assert shipped.config_dirs([asked]) == (asked, from_env, plain_env, here, home, CONFIGS)


def test_xdg_config_home_is_respected(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = put(place / "xdg/bringup/device-configs").parent
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "xdg"))
    assert shipped.config_dirs()[0] == mine


def test_a_users_config_takes_the_place_of_the_shipped_one(place: Path) -> None:
    mine = put(place / "device-configs")
    assert shipped.find_config("rb5").title == "mine"
    assert shipped.list_configs()["rb5"] == mine


def test_a_users_config_may_extend_a_shipped_one(place: Path) -> None:
    path = put(place / "device-configs", "my-rb5")
    path.write_text("name: my-rb5\ntitle: mine\nextends: rb5\n")
    config = shipped.find_config("my-rb5")
    assert config.heap("system") is not None
    assert config.identity is not None


def test_a_path_is_loaded_as_it_is(place: Path) -> None:
    path = put(place / "anywhere", "x")
    assert shipped.find_config(str(path)).name == "x"


@pytest.mark.parametrize(
    ("name", "hint"), [("rb-5", "did you mean rb5"), ("HIKEY960", "did you mean hikey960"), ("zzz", "known: ")]
)
def test_a_name_that_is_not_there_is_reported_with_near_ones(place: Path, name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        shipped.find_config(name)
    assert "no such config" in caught.value.seen
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", ""])
def test_a_name_never_leads_out_of_the_folders(place: Path, name: str) -> None:
    put(place, "secret")
    assert shipped.find_path(name, [place / "device-configs", CONFIGS]) is None


def test_without_any_folder_the_error_says_so() -> None:
    with pytest.raises(UsageError, match="any folder"):
        shipped.find_config("rb5", [])


def test_what_boards_extend_is_found_and_not_listed_as_a_board() -> None:
    parents = {str(path.relative_to(CONFIGS).with_suffix("")) for path in CONFIGS.glob("*/*.yaml")}
    assert "common/android" in parents
    for parent in parents:
        assert parent not in NAMES
        assert shipped.find_path(parent, [CONFIGS]) is not None


def test_every_file_is_a_board() -> None:
    """A new board is one file, and stands in no list."""
    assert sorted(path.stem for path in CONFIGS.glob("*.yaml")) == NAMES
    assert len(NAMES) > 20


def test_every_virtual_board_has_a_config() -> None:
    assert {f"virtual-{profile.name}" for profile in profiles()} <= set(NAMES)


def test_a_broken_config_is_reported_when_all_are_loaded(place: Path) -> None:
    (place / "device-configs").mkdir()
    (place / "device-configs/bad.yaml").write_text("name: bad\n")
    with pytest.raises(ConfigError, match="'title' is missing"):
        shipped.load_all()


def test_importing_the_room_imports_no_heavy_library() -> None:
    import subprocess
    import sys

    code = "import bringup.config.shipped, bringup.render, sys; print([m for m in ('pydantic', 'ruamel', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == "[]"
