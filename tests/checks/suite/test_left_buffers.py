"""Whether the heap tests leave buffers behind."""

from __future__ import annotations

from tests.support.scripted_record import broken
from tests.support.suite import Broken, suite_tests
from tests.support.walks import bufinfo, process, walk

OLD, NEW = (1, 4096, "system", ""), (2, 65536, "system", "")
OTHERS = process(7, (1, 1, 0, 0))
OURS = process(99, (2, 1, 0, 0), comm="bringup-0123456")
QUIET = [walk([]), bufinfo()]
BUSY = [walk([OLD], OTHERS), bufinfo(OLD)]

BROKEN = (
    Broken("a process stays", "buffers.left", "fail", broken(walks=[*BUSY, walk([OLD, NEW], OTHERS, OURS), bufinfo(OLD, NEW)]), "buffers.left-behind"),
    Broken("the kernel keeps it", "buffers.left", "fail", broken(walks=[*QUIET, walk([]), bufinfo(NEW)]), "buffers.left-behind"),
    Broken("a device has it", "buffers.left", "fail", broken(walks=[*QUIET, walk([]), bufinfo((2, 65536, "system", "soc:isp"))]), "buffers.left-behind"),
    Broken("it may be others'", "buffers.left", "warn", broken(walks=[*BUSY, walk([OLD], OTHERS), bufinfo(OLD, NEW)])),
    # only what is known to be new is ours
    Broken("quiet", "buffers.left", "pass", broken(walks=[*QUIET, *QUIET])),
    Broken("others hold", "buffers.left", "pass", broken(walks=[*BUSY, *BUSY])),
    Broken("others let go", "buffers.left", "pass", broken(walks=[*BUSY, *QUIET])),
    Broken("no list", "buffers.left", "skip", broken(walks=[walk([]), walk([])])),
    Broken("no root", "buffers.left", "skip", broken(walks=[*QUIET, walk([], denied=3), bufinfo()])),
    Broken("processes are hidden", "buffers.left", "skip", broken(walks=[*QUIET, walk([], processes=2, kernel=0), bufinfo(NEW)])),
    Broken("no /proc", "buffers.left", "error", broken(walks=[*QUIET, walk([], state="missing", errno=2, processes=0, kernel=0), bufinfo(NEW)])),
    Broken("it was there before", "buffers.left", "pass", broken(walks=[walk([]), bufinfo(NEW), walk([]), bufinfo(NEW)])),
    Broken("a driver keeps theirs", "buffers.left", "pass", broken(walks=[*BUSY, walk([]), bufinfo(OLD)])),
    Broken("no list before", "buffers.left", "error", broken(walks=[walk([]), None, walk([]), bufinfo(NEW)])),
    Broken("no list after", "buffers.left", "error", broken(walks=[*QUIET, walk([]), None])),
    Broken("a list that is cut off before", "buffers.left", "error", broken(walks=[walk([]), bufinfo(total=(1, NEW[1])), walk([]), bufinfo(NEW)])),
    Broken("a list that is cut off after", "buffers.left", "error", broken(walks=[*QUIET, walk([]), bufinfo(total=(1, NEW[1]))])),
    Broken("a walk that ended early", "buffers.left", "error", broken(walks=[*QUIET, walk([], truncated=True), bufinfo(NEW)])),
    Broken("a walk before that ended early", "buffers.left", "error", broken(walks=[walk([], truncated=True), bufinfo(), walk([]), bufinfo(NEW)])),
    Broken("two processes hold it", "buffers.left", "fail", broken(walks=[*QUIET, walk([NEW], OURS, process(100, (2, 1, 0, 0), comm="bringup-0123456")), bufinfo(NEW)])),
    Broken("only its holder is known", "buffers.left", "fail", broken(walks=[*QUIET, walk([], OURS), bufinfo()])),
    Broken("two that the kernel keeps", "buffers.left", "fail", broken(walks=[*QUIET, walk([]), bufinfo(NEW, (3, 4096, "linux,cma", "soc:isp soc:vpu"))])),
    Broken("more than are shown", "buffers.left", "fail", broken(walks=[*QUIET, walk([]), bufinfo(*((n, 4096, "system", "") for n in range(2, 12)))])),
    Broken("the board was lost", "buffers.left", "error", broken(walks=BUSY)),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "left_buffers", BROKEN, skips=("buffers.left",)
)
