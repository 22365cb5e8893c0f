"""The kernel: its version, its configuration, its heap modules."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.causes.area_not_activated import why_not_activated
from bringup.causes.fix_lines import split_kconfig
from bringup.causes.heap_absent import why_absent
from bringup.causes.heap_driver import HEAP_DRIVERS, HeapDriver, is_new_enough, module_not_loaded, of_this_board
from bringup.causes.heap_link import why_link_is_wrong
from bringup.causes.known.memory import CMA_SIZE_ZERO
from bringup.checks.registry import Question, check
from bringup.config.schema import HeapKind
from bringup.errors import RecordError
from bringup.facts.board import Facts
from bringup.kernel.requirements.verdict import KconfigVerdict
from bringup.results.verdict import Diagnosis, Outcome, Verdict


@check(
    "kernel.version",
    "The kernel is new enough for DMA-BUF heaps (5.6)",
    asks="Whether the kernel's release, as uname prints it, is 5.6 or newer. An older one passes if the board has "
    "/dev/dma_heap, or a line about DMABUF_HEAPS in its configuration: then it has the framework as a backport.",
    why="The framework and /dev/dma_heap came with Linux 5.6. Android's and vendors' kernels from 4.19 on may have it "
    "as a backport; all others have only ION.",
    source="drivers/dma-buf/dma-heap.c, commit c02a81fba74f (Linux 5.6); android12-5.4 gki_defconfig",
    since="any",
)
def version(question: Question, facts: Facts) -> Iterator[Verdict]:
    result = is_new_enough(facts)
    if facts.version is None or result is None:
        yield question.unknown("the kernel's release was not observed")
    elif isinstance(result, Diagnosis):
        yield question.because(Outcome.FAIL, result)
    else:
        yield question.passed(facts.version.release, result)


@check(
    "kconfig",
    "The kernel is configured for DMA-BUF heaps",
    asks="Compares the running kernel's configuration with each requirement that applies to its release and "
    "flavour; bringup explain kconfig.ID explains each requirement. This check itself reports only that the "
    "configuration could not be read.",
    why="An option that is off is the most frequent cause of failures. Only the running kernel's own "
    "configuration counts: the one in the source tree may belong to another build.",
    source="bringup/kernel/data, each with its own sources; /proc/config.gz: init/Kconfig, IKCONFIG_PROC",
    since="any",
)
def kconfig(question: Question, facts: Facts) -> Iterator[Verdict]:
    if facts.version is None:
        yield question.unknown("the kernel's release was not observed")
        return
    answers = list(facts.kconfig.values())
    if facts.kernel_config is None:
        # One verdict instead of one per requirement; requirements that other evidence decides are still reported.
        undecided = [answer.id for answer in answers if answer.outcome is Outcome.ERROR]
        answers = [answer for answer in answers if answer.outcome is not Outcome.ERROR]
        yield question.unknown(
            facts.why_no_kernel_config,
            f"not judged: {', '.join(undecided)}",
            remedy=[
                "CONFIG_IKCONFIG=y and CONFIG_IKCONFIG_PROC=y, or check the build's own: bringup kconfig check .config"
            ],
        )
    for answer in answers:
        asked = Question(f"kconfig.{answer.id}", answer.title, answer.heap)
        try:
            yield _of_requirement(asked, facts, answer)
        except RecordError as error:
            yield asked.unknown(str(error), *answer.evidence)


def _of_requirement(question: Question, facts: Facts, answer: KconfigVerdict) -> Verdict:
    """The answer as this board's verdict.

    :raises RecordError: the board was lost before it showed what decides.
    """
    why_idle = _why_idle(facts, answer.id) if answer.outcome is not Outcome.PASS else None
    if why_idle is not None:
        return question.skipped(why_idle)
    link = _wrong_link(facts, answer)
    if link is not None:
        return question.because(Outcome.WARN, link, *answer.evidence)
    why = _diagnosis(facts, answer)
    return Verdict(
        question.id,
        answer.title,
        answer.outcome,
        answer.heap,
        answer.evidence,
        why.cause,
        (),
        why.remedy,
        why.changes,
        answer.reason if answer.cause == why.cause else None,
    )


def _diagnosis(facts: Facts, answer: KconfigVerdict) -> Diagnosis:
    """The cause of an answer, and its fix.

    A driver that needs the framework or CMA, or only has to be loaded, gets the same cause as in the other checks, so
    that they are one finding.
    """
    words, options = split_kconfig(answer.remedy)
    driver = next((driver for driver in HEAP_DRIVERS if driver.requirement == answer.id), None)
    if answer.id == "cma.size" and answer.cause is not None and facts.meminfo.get("CmaTotal") == 0:
        return why_not_activated(facts) or Diagnosis(CMA_SIZE_ZERO.here(), (), words, options)
    if driver is None:
        return Diagnosis(answer.cause, (), words, options)
    if answer.cause is None:
        return _unproven(facts, answer, driver)
    for id_ in ("heaps.framework", *driver.also_needs):
        needed = facts.kconfig.get(id_)
        if needed is not None and needed.cause is not None and needed.outcome in (Outcome.FAIL, Outcome.WARN):
            return Diagnosis(needed.cause, (), words, options)
    loaded = facts.modules
    if answer.cause.id == "kconfig.module-not-loaded" and loaded is not None:
        return (
            module_not_loaded(facts, driver)
            if of_this_board(facts, driver).module not in loaded
            else Diagnosis(answer.cause)
        )
    return Diagnosis(answer.cause, (), words, options)


def _wrong_link(facts: Facts, answer: KconfigVerdict) -> Diagnosis | None:
    """A link in place of the heap that an option would make: what is wrong with it."""
    driver = next((driver for driver in HEAP_DRIVERS if driver.requirement == answer.id), None)
    if answer.heap is None or driver is None or answer.outcome is Outcome.PASS:
        return None
    return why_link_is_wrong(facts, answer.heap, driver.kinds[0])


def _unproven(facts: Facts, answer: KconfigVerdict, driver: HeapDriver) -> Diagnosis:
    """The option is set and there is no node: the first broken link behind the node, if it is known."""
    if answer.outcome is not Outcome.WARN:
        return Diagnosis()
    heaps = facts.config.heaps if facts.config is not None else ()
    own = (heap for heap in heaps if heap.kind in driver.kinds and (heap.region is None or heap.region.default))
    return why_absent(facts, driver.kinds[0], next(own, None))


def _why_idle(facts: Facts, requirement: str) -> str | None:
    """Why a requirement does not apply to this board: it has no CMA area, or its config no CMA heap, or expects ION."""
    if requirement == "heaps.cma-legacy-name" and facts.meminfo.get("CmaTotal") == 0:
        return "there is no CMA area whose heap could have a name"
    of_cma = requirement == "heaps.cma" or requirement.startswith("cma.")
    config = facts.config if of_cma or requirement == "ion.retired" else None
    if config is None:
        return None
    if of_cma and config.heaps and not any(heap.kind is HeapKind.CMA for heap in config.heaps):
        return f"{config.name} names no CMA heap"
    if requirement == "ion.retired" and config.kernel is not None and config.kernel.ion:
        return f"{config.name} expects ION for comparison"
    return None


@check(
    "kernel.heap-modules",
    "Every heap driver that is a module is loaded",
    asks="Where the option of a heap driver is m: whether /proc/modules has the module.",
    why="In Android's common kernel, and from 7.2 on in mainline, heaps may be modules; until the module is "
    "loaded, its node does not exist.",
    source="drivers/dma-buf/heaps/Kconfig of Linux 7.2 and 7.3 (tristate); "
    "https://source.android.com/docs/core/architecture/kernel/dma-buf-heaps",
    since="7.2 and later; earlier in Android's common kernel",
)
def heap_modules(question: Question, facts: Facts) -> Iterator[Verdict]:
    config = facts.kernel_config
    if config is None:
        yield question.unknown(facts.why_no_kernel_config)
        return
    modular = [driver for driver in HEAP_DRIVERS if config.get(driver.symbol) == "m"]
    if not modular:
        yield question.skipped("no heap driver of this kernel is a module")
    elif facts.modules is None:
        yield question.unknown(facts.why_unknown("/proc/modules"))
    else:
        for driver in (of_this_board(facts, driver) for driver in modular):
            seen = config.line(driver.symbol)
            if driver.module in facts.modules:
                yield question.passed(seen, f"{driver.module} is in /proc/modules")
            else:
                yield question.because(Outcome.FAIL, module_not_loaded(facts, driver, seen))
