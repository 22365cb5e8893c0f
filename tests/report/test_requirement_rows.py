"""The page's table of requirements says of none that it is wrong where the check says that the board needs it not."""

from __future__ import annotations

from bringup.outcome import Outcome
from bringup.report.html.requirements import requirements_view
from bringup.results.requirements import RequirementFacts
from bringup.results.run import BoardRun
from bringup.results.verdict import Verdict

REQUIREMENTS = (
    RequirementFacts("heaps.system", "…", "required", Outcome.PASS, "holds"),
    RequirementFacts("cma.dma", "…", "recommended", Outcome.WARN, "off", "# CONFIG_DMA_CMA is not set"),
    RequirementFacts("cma.size", "…", "recommended", Outcome.WARN, "off"),
)


def test_what_no_heap_of_the_board_needs_is_no_warning() -> None:
    verdicts = (
        Verdict("kconfig.heaps.system", "…", Outcome.PASS),
        Verdict("kconfig.cma.dma", "…", Outcome.SKIP, reason="the config names no CMA heap"),
        Verdict("kconfig.cma.size", "…", Outcome.WARN),
    )
    view = requirements_view(BoardRun(serial="s", verdicts=verdicts, requirements=REQUIREMENTS))
    assert view.counts == "1 warn, 1 pass, 1 skip"
    assert [(row.requirement.id, row.reason) for row in view.rows] == [
        ("cma.size", ""),
        ("heaps.system", ""),
        ("cma.dma", "the config names no CMA heap"),
    ]


def test_without_the_checks_it_is_what_the_configuration_says() -> None:
    view = requirements_view(BoardRun(serial="s", verdicts=(), requirements=REQUIREMENTS))
    assert view.counts == "2 warn, 1 pass"
