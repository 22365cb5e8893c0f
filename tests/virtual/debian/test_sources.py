from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.errors import VirtualBoardError
from bringup.virtual.debian.sources import Archive, Source, host_archive, parse_deb822, parse_one_line

KEY = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEB822 = f"""\
# the main archive
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
# a comment between fields
Components: main
Signed-By: {KEY}

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""
INLINE_KEY = """\
Types: deb
URIs: http://mirror.example/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
"""


def test_deb822_stanzas_are_read_and_disabled_ones_left_out() -> None:
    assert parse_deb822(DEB822) == [
        Source(("deb", "deb-src"), ("http://mirror.example/debian",), ("bookworm", "bookworm-updates"), ("main",), KEY)
    ]


def test_a_key_inside_the_source_keeps_its_lines() -> None:
    (source,) = parse_deb822(INLINE_KEY)
    assert source.signed_by.startswith("-----BEGIN")
    assert source.signed_by.splitlines()[1:] == [" .", " mQINBF", " -----END PGP PUBLIC KEY BLOCK-----"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deb http://m.example/debian trixie main contrib", ("http://m.example/debian", ("main", "contrib"), "")),
        (
            f"deb [arch=amd64 signed-by={KEY}] http://m.example/debian sid main # x",
            ("http://m.example/debian", ("main",), KEY),
        ),
        (
            "deb [ signed-by=/k.gpg ] https://m.example/debian/ sid main",
            ("https://m.example/debian/", ("main",), "/k.gpg"),
        ),
        ("deb http://m.example/flat ./", ("http://m.example/flat", (), "")),
    ],
)
def test_one_line_entries(line: str, expected: tuple[str, tuple[str, ...], str]) -> None:
    (source,) = parse_one_line(f"# comment\n\n{line}\n")
    assert (source.uris[0], source.components, source.signed_by) == expected


@pytest.mark.parametrize("line", ["", "# deb http://m.example/debian sid main", "debx http://m.example x main", "deb"])
def test_what_is_no_entry_is_left_out(line: str) -> None:
    assert parse_one_line(line) == []


@given(st.text(alphabet=st.sampled_from("deb -src[]=:#/. \n\tTypesURIsSuites:Enabled"), max_size=200))
def test_no_text_breaks_the_parsers(text: str) -> None:
    for source in [*parse_deb822(text), *parse_one_line(text)]:
        assert all(word.split() == [word] for word in (*source.types, *source.uris, *source.suites))


def _host(root: Path, identity: str, files: dict[str, str]) -> Path:
    (root / "etc/apt/sources.list.d").mkdir(parents=True)
    (root / "etc/os-release").write_text(f'NAME="x"\nID={identity}\nID_LIKE=debian\n')
    for name, text in files.items():
        (root / "etc/apt" / name).write_text(text)
    return root


def test_the_hosts_archive_is_found_among_third_parties(tmp_path: Path) -> None:
    third = "deb [signed-by=/usr/share/keyrings/tool.gpg] https://tool.example/apt bookworm main\n"
    root = _host(tmp_path, "debian", {"sources.list.d/a.list": third, "sources.list.d/debian.sources": DEB822})
    assert host_archive({}, root) == Archive("http://mirror.example/debian", KEY)


def test_security_and_cdrom_are_not_the_archive(tmp_path: Path) -> None:
    text = "deb cdrom:[Debian]/ trixie main\ndeb http://m.example/debian-security trixie-security main\n"
    root = _host(tmp_path, "debian", {"sources.list": text + "deb http://m.example/debian trixie main\n"})
    assert host_archive({}, root) == Archive("http://m.example/debian")


@pytest.mark.parametrize("identity", ["ubuntu", "raspbian"])
def test_another_system_is_shown_how_to_name_an_archive(tmp_path: Path, identity: str) -> None:
    root = _host(tmp_path, identity, {"sources.list": "deb http://m.example/debian trixie main\n"})
    with pytest.raises(VirtualBoardError) as caught:
        host_archive({}, root)
    assert "BRINGUP_DEBIAN_MIRROR" in caught.value.hint


def test_debian_without_sources_is_shown_too(tmp_path: Path) -> None:
    with pytest.raises(VirtualBoardError) as caught:
        host_archive({}, _host(tmp_path, "debian", {}))
    assert "BRINGUP_DEBIAN_MIRROR" in caught.value.hint


def test_the_environment_names_archive_and_keyring(tmp_path: Path) -> None:
    given_ = {"BRINGUP_DEBIAN_MIRROR": "http://own.example/debian", "BRINGUP_DEBIAN_KEYRING": "/own.gpg"}
    assert host_archive(given_, tmp_path) == Archive("http://own.example/debian", "/own.gpg")
