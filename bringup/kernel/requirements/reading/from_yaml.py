"""The YAML edge: requirement and symbol files that people write → validated plain data, or an error with file and line.

Imports pydantic and ruamel.yaml, so nothing on the start-up path imports this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bringup.errors import UsageError
from bringup.kernel.history.upstream import ArtifactKind, Origin
from bringup.kernel.history.version import Flavour, KernelVersion, VersionRange
from bringup.kernel.requirements.requirement import Requirement, need_from_data
from bringup.kernel.requirements.verdict import Severity
from bringup.yaml_file import Limits, Node, at, read_file
from bringup.yaml_model import first_of, matching, parsed

__all__ = [
    "load_requirements",
    "requirement_data",
    "shipped_file",
    "yaml_files",
]

_LIMITS = Limits(mebibytes=4, values=200_000)


def _checked_by(parse: Callable[[Any], object]) -> AfterValidator:
    """Refuse what ``parse`` refuses, in its words."""

    def check(value: Any) -> Any:
        try:
            parse(value)
        except UsageError as error:
            raise ValueError(error.seen) from error
        return value

    return AfterValidator(check)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Need = Annotated[Any, _checked_by(need_from_data)]
_Range = Annotated[str, _checked_by(VersionRange.parse)]
_Version = Annotated[str, _checked_by(KernelVersion.parse)]
_Texts = Annotated[list[str], BeforeValidator(_as_list)]
_Flavours = Annotated[list[Flavour], BeforeValidator(_as_list)]
_Id = Annotated[
    str,
    matching(r"[a-z0-9]+([.-][a-z0-9]+)*", "words of lower-case letters and digits with '.' or '-' between them"),
    Field(max_length=80),
]
_Symbol = Annotated[
    str,
    matching("[A-Z0-9][A-Za-z0-9_]*", "a kernel option without CONFIG_, such as DMABUF_HEAPS"),
    Field(max_length=120),
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", use_enum_values=True)


class _Proof(_Model):
    node: str | None = None
    cma_heap: str | None = None
    module: str | None = None
    parameter: str | None = None
    cma_total: int | None = None

    @model_validator(mode="after")
    def _one(self) -> _Proof:
        if len(self.model_fields_set) != 1:
            raise ValueError("a proof is one of node, cma_heap, module, parameter, cma_total")
        if self.parameter is not None and "=" not in self.parameter:
            raise ValueError("a parameter is name=pattern")
        return self


class _Cause(_Model):
    id: _Id
    text: str


class _Absent(_Model):
    cause: _Cause
    remedy: _Texts


class _Requirement(_Model):
    id: _Id
    title: str
    need: _Need
    severity: Severity = Severity.REQUIRED
    kernel: _Range = ".."
    flavour: _Flavours = []
    arch: _Texts = []
    when: _Need = None
    user_build: bool = False
    proof: list[_Proof] = []
    proof_needed: bool = False
    spoiled_by: list[_Proof] = []
    unset_is_right: _Flavours = []
    cause: _Cause | None = None
    remedy: _Texts = []
    why: str
    set: dict[_Symbol, str | int] = {}
    source: _Texts = []
    heap: str | None = None
    absent: _Absent | None = None
    module_needs: _Need = None
    on_gki: _Texts = []


class _RequirementFile(_Model):
    schema_: Literal["bringup.kconfig-requirements/1"] = Field(alias="schema")
    requirements: list[_Requirement]


class _Default(_Model):
    value: str
    if_: str = Field("", alias="if")


def _as_defaults(value: Any) -> Any:
    return [{"value": value}] if isinstance(value, str) else value


class _Selector(_Model):
    symbol: _Symbol
    if_: str = Field("", alias="if")


def _as_selectors(value: Any) -> Any:
    entries = _as_list(value)
    return [{"symbol": entry} if isinstance(entry, str) else entry for entry in entries] if entries else entries


class _Era(_Model):
    kernel: _Range = ".."
    type: Literal["bool", "tristate", "int", "hex", "string"]
    flavour: _Flavours = []
    depends: str = ""
    prompt: bool = True
    default: Annotated[list[_Default], BeforeValidator(_as_defaults)] = []
    default_unknown_if: str = "n"
    choice: _Texts = []
    selects: _Texts = []
    selected_by: Annotated[list[_Selector], BeforeValidator(_as_selectors)] = []
    whole: bool = False
    note: str = ""
    source: _Texts = []


class _Renamed(_Model):
    symbol: _Symbol
    kernel: _Range


class _History(_Model):
    what: str
    eras: list[_Era]
    module: str | None = None
    heaps: _Texts = []
    renamed_to: _Renamed | None = None
    vendor: str | None = None
    notes: _Texts = []
    source: _Texts = []


class _SymbolFile(_Model):
    schema_: Literal["bringup.kconfig-symbols/1"] = Field(alias="schema")
    symbols: dict[_Symbol, _History]


class _Heap(_Model):
    heap: str
    symbol: _Symbol
    kernel: _Range
    names: list[str]
    note: str = ""
    source: _Texts = []


class _HeapFile(_Model):
    schema_: Literal["bringup.kconfig-heap-names/1"] = Field(alias="schema")
    heaps: list[_Heap]


class _Sighting(_Model):
    release: _Version
    source: str


class _Defect(_Model):
    id: _Id
    title: str
    test: str
    errno: str
    since: _Version
    commit: str = ""
    subject: str = ""
    present: list[_Sighting] = []
    fixed: list[_Sighting] = []
    never_fixed: str = ""


class _DefectFile(_Model):
    schema_: Literal["bringup.kernel-defects/1"] = Field(alias="schema")
    defects: list[_Defect]


def _as_span(value: Any) -> Any:
    if value == "never":
        return {}
    if value == "unknown":
        return {"known": "no"}
    return {"present": value} if not isinstance(value, dict) else value


class _Span(_Model):
    present: _Range = ""
    absent: _Range = ""
    known: Literal["yes", "no"] = "yes"
    note: str = ""


class _Feature(_Model):
    id: _Id
    title: str
    mainline: Annotated[_Span, BeforeValidator(_as_span)]
    android: Annotated[_Span, BeforeValidator(_as_span)]
    note: str = ""
    source: _Texts


class _OutOfTree(_Model):
    kind: ArtifactKind
    names: list[str]
    standing: Origin
    origin: str
    instead: str | None = None
    source: _Texts


class _UpstreamFile(_Model):
    schema_: Literal["bringup.upstream/1"] = Field(alias="schema")
    looked_at: _Range
    features: list[_Feature]
    out_of_tree: list[_OutOfTree]


def load_requirements(path: Path) -> tuple[Requirement, ...]:
    """Read a requirement file of a user.

    :raises ConfigError: not YAML, not of the schema, or an id that appears twice; with line and column.
    """
    return tuple(Requirement.from_data(entry, str(path)) for entry in requirement_data(path))


def requirement_data(path: Path) -> list[dict[str, Any]]:
    """The validated entries of a requirement file, defaults left out.

    :raises ConfigError: as :func:`load_requirements`.
    """
    root = read_file(path, _LIMITS)
    entries: list[dict[str, Any]] = _validated(root, _RequirementFile)["requirements"]
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        if entry["id"] in seen:
            raise at(root, ("requirements", index, "id")).place.error(f"requirement id {entry['id']!r} appears twice")
        seen.add(entry["id"])
    return entries


_FILES: dict[str, type[_Model]] = {
    "symbols": _SymbolFile,
    "heaps": _HeapFile,
    "defects": _DefectFile,
    "upstream": _UpstreamFile,
}


def shipped_file(path: Path, kind: str) -> dict[str, Any]:
    """What a file of the kernel's data says, validated, defaults left out.

    :param kind: ``symbols``, ``heaps``, ``defects`` or ``upstream``.
    :raises ConfigError: as :func:`load_requirements`.
    """
    data = _validated(read_file(path, _LIMITS), _FILES[kind])
    del data["schema"]
    return data


def _validated(root: Node, model: type[_Model]) -> dict[str, Any]:
    document, found = parsed(root, model)
    if document is None:
        raise first_of(found)
    return document.model_dump(exclude_defaults=True, by_alias=True)


def yaml_files(folder: Path) -> Iterator[Path]:
    """The YAML files of a folder, sorted by name."""
    yield from sorted(folder.glob("*.yaml"))
