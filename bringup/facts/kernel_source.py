"""The kernel of an observed board, as a source for judging its configuration."""

from __future__ import annotations

from msgspec.structs import replace

from bringup.facts.board import Facts
from bringup.kernel.history.architecture import arch_of_machine
from bringup.kernel.requirements.check import CheckOptions
from bringup.kernel.sources.source import Source, SourceKind

__all__ = ["kernel_source"]


def kernel_source(facts: Facts, name: str, options: CheckOptions) -> tuple[Source, CheckOptions]:
    """The board's kernel as a source, and the options with everything else that was observed as evidence.

    :param options: what the user passed; it takes precedence over what was observed.
    """
    release = facts.version.release if facts.version else None
    source = Source(name, SourceKind.CONFIG, facts.kernel_config, facts.why_no_kernel_config, release=release)
    observed, from_user = facts.evidence, options.evidence
    evidence = replace(
        observed,
        modules_load=observed.modules_load if from_user.modules_load is None else from_user.modules_load,
        cmdline=from_user.cmdline or observed.cmdline,
        is_user_build=observed.is_user_build if from_user.is_user_build is None else from_user.is_user_build,
    )
    arch = options.arch
    if arch is None and facts.kernel_config is None and facts.record.hello is not None:
        arch = arch_of_machine(facts.record.hello.machine)
    return source, replace(options, evidence=evidence, arch=arch)
