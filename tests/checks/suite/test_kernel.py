"""The kernel's version, configuration and modules."""

from __future__ import annotations

from bringup.config.schema import BoardConfig
from tests.support.scripted_facts import kconfig
from tests.support.scripted_record import DENIED, HELLO, broken, files
from tests.support.suite import (
    NO_CMA,
    SYSTEM_HEAP_IS_MODULE,
    Broken,
    suite_tests,
)

BROKEN = (
    Broken("5.4", "kernel.version", "fail", broken(hello=HELLO | {"release": "5.4.210"}, heap_folder="missing", config="CONFIG_ARM64=y\n"), "kernel.too-old"),
    Broken("no config.gz", "kconfig", "error", broken(config=None)),
    Broken("a backport", "kernel.version", "pass", broken(hello=HELLO | {"release": "5.4.210"})),
    Broken("module loaded", "kernel.heap-modules", "pass", broken(config=SYSTEM_HEAP_IS_MODULE, files=files(__proc__modules="system_heap 16384 0 - Live 0x0\n"))),
    Broken("modules not read", "kernel.heap-modules", "error", broken(config=SYSTEM_HEAP_IS_MODULE, files=files(__proc__modules=DENIED))),
    Broken("no configuration", "kernel.heap-modules", "error", broken(config=None)),
    Broken("no release", "kernel.version", "error", broken(hello=HELLO | {"release": "none"}, heap_folder="missing")),
    Broken("the framework is off", "kconfig", "fail", broken(config=kconfig(DMABUF_HEAPS="", DMABUF_HEAPS_SYSTEM="", DMABUF_HEAPS_CMA=""), heaps={}, heap_folder="missing", results=[]), "kconfig.heaps-off"),
    Broken("CMA is off", "kconfig", "warn", broken(config=kconfig(CMA="", DMA_CMA="", DMABUF_HEAPS_CMA=""), heaps={"system": {}}, files=files(__proc__meminfo="MemTotal: 2014208 kB\n")), "kconfig.cma-off"),
    Broken("a size of 0", "kconfig", "warn", broken(config=kconfig(CMA_SIZE_MBYTES="0"), heaps={"system": {}}, files=files(__proc__meminfo=NO_CMA)), "cma.size-zero"),
    Broken("a link for the heap", "kconfig", "warn", broken(config=kconfig(DMABUF_HEAPS_SYSTEM=""), heaps={"system": {"type": "link", "target": "linux,cma"}, "linux,cma": {}}, results=[]), "heap.link"),
    Broken("built in, and no node", "kconfig", "warn", broken(heaps={"linux,cma": {}}, results=[])),
    Broken("a module that is not loaded", "kconfig", "fail", broken(hello=HELLO | {"release": "7.2.1"}, config=kconfig(DMABUF_HEAPS_SYSTEM="m"), heaps={"linux,cma": {}}, results=[]), "module.not-loaded"),
    Broken("only a system heap is expected", "kconfig", "pass", broken(config=kconfig(DMABUF_HEAPS_CMA=""), heaps={"system": {}}), None, BoardConfig.model_validate({"name": "x", "title": "X", "kernel": {"ion": True}, "heaps": [{"name": "system", "kind": "system"}]})),
    Broken("module not loaded", "kernel.heap-modules", "fail", broken(config=SYSTEM_HEAP_IS_MODULE), "module.not-loaded"),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "kernel", BROKEN, skips={"kernel.heap-modules"}, mixed={"kconfig"}
)
