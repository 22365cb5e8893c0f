"""Rendering: kernel choice, refusals, errors with template and line, users' templates, the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

import bringup
from bringup.config.shipped import find_config
from bringup.errors import ConfigError, UsageError
from bringup.kernel.history.upstream import looked_at
from bringup.render.context import CONTEXT_HELP, Context
from bringup.render.engine import MARK, Rendered, Skipped, render
from tests.support.render.demo import BOARD, HEAD, SHIPPED, board, one, template


def test_the_header_names_config_kernel_and_version_and_no_date() -> None:
    (rendered,) = render("ueventd", board(), kernel="6.12.107-1", dirs=[SHIPPED])
    assert isinstance(rendered, Rendered)
    first, second, third = rendered.text.splitlines()[:3]
    assert first == f"# {MARK} {bringup.__version__} from the board config demo: Demo."
    assert second == "# Permissions of the heaps' device nodes, for kernel 6.12."
    assert third.startswith("# Change the board config, not this file")
    assert rendered.path == "ueventd.demo.rc"


@pytest.mark.parametrize(
    ("extra", "kernel", "told"),
    [
        ("", None, f"for kernel {looked_at()} (the newest known: the board config names none)."),
        ('kernel: {versions: ["5.10", "6.6"]}\n', None, "for kernel 6.6."),
        ('kernel: {versions: ["5.10", "6.6"]}\n', "5.10", "for kernel 5.10."),
        ("", "6.1.75-android14-11-gabc", "for kernel 6.1."),
        ("", "9.9", f"for kernel 9.9 (as for {looked_at()}: no source newer than that was read)."),
    ],
)
def test_which_kernel_is_rendered_for(extra: str, kernel: str | None, told: str) -> None:
    (rendered,) = render("ueventd", board(BOARD + extra), kernel=kernel, dirs=[SHIPPED])
    assert isinstance(rendered, Rendered)
    assert told in rendered.text.splitlines()[1]


def test_a_kernel_that_is_not_one_is_refused() -> None:
    with pytest.raises(UsageError, match="is none"):
        render("ueventd", board(), kernel="newest", dirs=[SHIPPED])


@pytest.mark.parametrize(("what", "hint"), [("kconfg", "did you mean kconfig?"), ("zzz", "known: all, ")])
def test_a_fragment_that_is_not_there_is_reported(what: str, hint: str) -> None:
    with pytest.raises(UsageError, match="no such fragment") as caught:
        render(what, board(), dirs=[SHIPPED])
    assert hint in caught.value.hint


def test_all_renders_every_fragment_once_in_a_fixed_order() -> None:
    done = render("all", find_config("vim3"), dirs=[SHIPPED])
    paths = [one.path for one in done]
    assert len(set(paths)) == len(paths)
    assert [one.fragment for one in done] == sorted(one.fragment for one in done)
    assert done == render("all", find_config("vim3"), dirs=[SHIPPED])


def test_a_file_that_a_board_does_not_need_is_skipped_with_the_reason() -> None:
    (skipped,) = render("ueventd", board("name: x\ntitle: X\n"), dirs=[SHIPPED])
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "the board config gives no mode and owner for any heap of this kernel"


def test_a_value_that_the_language_cannot_hold_is_refused_with_the_template_line() -> None:
    config = board(BOARD.replace("name: system,", 'name: "two words",'))
    with pytest.raises(UsageError) as caught:
        render("ueventd", config, dirs=[SHIPPED])
    assert caught.value.action == "render ueventd for demo"
    assert caught.value.seen.startswith("'two words' cannot be written: white space, quotes,")
    lines = (SHIPPED / "ueventd.j2").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("/dev/dma_heap/{{"))
    assert caught.value.hint == f"printed by {SHIPPED / 'ueventd.j2'}:{line}"


def test_the_same_name_is_written_escaped_where_the_language_can(tmp_path: Path) -> None:
    config = board(BOARD.replace("name: system,", 'name: "two \\"words\\"",'))
    table = next(one for one in render("heap-map", config, dirs=[SHIPPED]) if one.path == "heap_table.c")
    assert isinstance(table, Rendered)
    assert '    "two \\"words\\"",\n' in table.text


# A user's own template.


def test_a_users_template_renders_and_its_name_is_expanded(tmp_path: Path) -> None:
    (rendered,) = render("demo", board(), dirs=template(tmp_path, "{{ heaps[0].name }}\n"))
    assert rendered == Rendered("demo.demo.txt", "system\n", "demo")


def test_a_users_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    head = HEAD.replace("fragment: demo", "fragment: ueventd").replace("LANG", "ueventd")
    (tmp_path / "ueventd.j2").write_text(head + "mine\n")
    (rendered,) = render("ueventd", board(), dirs=[tmp_path, SHIPPED])
    assert isinstance(rendered, Rendered)
    assert rendered.text == "mine\n"


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("fine\n{{ nothing }}\n", 8, "'nothing' is undefined"),
        ("{{ heaps[0].nam }}\n", 7, "has no attribute 'nam'"),
        ("fine\n\n{% if %}\n", 9, "Expected an expression"),
        ("{% for x in heaps %}\n", 7, "Unexpected end of template"),
        ("{{ 1 | nofilter }}\n", 7, "No filter named 'nofilter'"),
        ("\n{{ 1 / 0 }}\n", 8, "ZeroDivisionError: division by zero"),
        ("{% include 'none.j2' %}\n", 7, "none.j2"),
    ],
)
def test_an_error_in_a_template_is_reported_with_its_line(tmp_path: Path, body: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        one(tmp_path, body)
    assert message in str(caught.value)
    assert caught.value.path == tmp_path / "demo.j2"
    assert caught.value.line == line


def test_an_error_in_an_included_file_is_reported_there(tmp_path: Path) -> None:
    (tmp_path / "_part.j2").write_text("one\n{{ nothing }}\n")
    with pytest.raises(ConfigError) as caught:
        one(tmp_path, "{% include '_part.j2' %}\n")
    assert caught.value.path == tmp_path / "_part.j2"
    assert caught.value.line == 2


@pytest.mark.parametrize(
    "body",
    [
        "{{ heaps.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ config.names_on.__globals__ }}",
        "{{ skip.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{% set _ = config.__dict__.update({'name': 'x'}) %}",
        "{{ lipsum() }}",
        "{% include '../secret.j2' %}",
        "{% include '/etc/passwd' %}",
        "{% for i in range(1000000000) %}{% endfor %}",
    ],
)
def test_a_template_stays_in_its_sandbox(tmp_path: Path, body: str) -> None:
    (tmp_path.parent / "secret.j2").write_text("secret")
    with pytest.raises(ConfigError):
        one(tmp_path, body)


def test_a_template_cannot_change_the_config(tmp_path: Path) -> None:
    config = board(BOARD + "android: {properties: {a: b}}\n")
    with pytest.raises(ConfigError):
        one(tmp_path, "{% set x = config.android.properties.update({'a': 'c'}) %}", config=config)
    assert config.android is not None
    assert config.android.properties == {"a": "b"}


@pytest.mark.parametrize(
    "body",
    ['{{ "a b" }}', "{{ none }}", "{{ true }}", "{{ heaps }}", '{{ ["a", "b"] | join(" ") }}', '{{ "a" ~ "\\n" ~ "b" }}',
     "{% macro m() %}a b{% endmacro %}{{ m() }}", '{% set x = "a b" %}{{ x }}'],
)  # fmt: skip
def test_nothing_is_printed_that_no_rule_has_written(tmp_path: Path, body: str) -> None:
    with pytest.raises(UsageError):
        one(tmp_path, body)


def test_what_a_macro_has_written_can_be_printed(tmp_path: Path) -> None:
    body = "{% macro m(x) %}node {{ x }}{% endmacro %}{{ m('a') | trusted }}\n"
    assert one(tmp_path, body) == "node a\n"
    with pytest.raises(UsageError):
        one(tmp_path, body.replace("'a'", "'a b'"))


def test_the_text_of_a_template_itself_is_free(tmp_path: Path) -> None:
    assert one(tmp_path, 'any "text" * at all\n{{ 5 }}\n') == 'any "text" * at all\n5\n'


def test_the_help_names_all_that_a_template_gets() -> None:
    told = {name for name in dir(Context) if not name.startswith("_")}
    assert set(CONTEXT_HELP) == told | {"header", "skip"}
    assert all(CONTEXT_HELP.values())
