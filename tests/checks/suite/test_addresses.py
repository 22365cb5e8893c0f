"""What a device of the board cannot address."""

from __future__ import annotations

from bringup.config.schema import BoardConfig, Memory
from tests.support.scripted_record import BOARD_CONFIG, broken, files
from tests.support.suite import (
    Broken,
    suite_tests,
)

IOMEM = "00000000-0009ffff : Reserved\n40000000-{:x} : System RAM\n"

LIMITED = BOARD_CONFIG.model_copy(update={"memory": Memory(dma_limit=2 << 30)})


def pool(**where: int) -> BoardConfig:
    """A board whose memory begins at 1 GiB, whose devices reach 2 GiB, with a default pool of 128 MiB."""
    region = {
        "declared_in": "device-tree",
        "node_name": "linux,cma",
        "size": 128 << 20,
        "reusable": True,
        "default": True,
    } | where
    heaps = [
        {"name": "system", "kind": "system"},
        {"name": "video", "kind": "system"},
        {"name": "linux,cma", "kind": "cma", "region": region},
    ]
    memory = {"dma_limit": 2 << 30, "base": 1 << 30}
    return BoardConfig.model_validate({"name": "x", "title": "X", "heaps": heaps, "memory": memory})


NO_POOL = BoardConfig(name="x", title="X", memory=Memory(dma_limit=2 << 30))
BROKEN = (
    Broken("beyond reach", "heap.addresses", "fail", broken(files=files(dmesg="[  9.0] rga: RGA_MMU unsupported memory larger than 4G!\n")), "heap.above-limit"),
    Broken("beyond the mask", "heap.addresses", "fail", broken(files=files(dmesg="isp 1000000.isp: DMA addr 0x0000000140000000+4096 overflow (mask ffffffff, bus limit 0).\n")), "heap.above-limit"),
    Broken("memory above the limit", "heap.addresses", "warn", broken(files=files(__proc__iomem=IOMEM.format(0x1BFFFFFFF))), None, LIMITED),
    Broken("memory up to the limit", "heap.addresses", "pass", broken(files=files(__proc__iomem=IOMEM.format(0x7FFFFFFF))), None, LIMITED),
    Broken("memory a byte above it", "heap.addresses", "warn", broken(files=files(__proc__iomem=IOMEM.format(0x80000000))), None, LIMITED),
    Broken("memory hidden from users", "heap.addresses", "error", broken(files=files(__proc__iomem="00000000-00000000 : System RAM\n")), None, LIMITED),
    Broken("a pool with a base", "heap.addresses", "warn", broken(files=files(__proc__iomem=IOMEM.format(0x1BFFFFFFF))), None, pool(base=0x5000_0000)),
    Broken("a pool anywhere", "heap.addresses", "warn", broken(files=files(__proc__iomem=IOMEM.format(0x1BFFFFFFF))), None, pool()),
    Broken("no pool in the config", "heap.addresses", "warn", broken(files=files(__proc__iomem=IOMEM.format(0x1BFFFFFFF))), None, NO_POOL),
    Broken("bounce buffers full, more lines", "heap.addresses", "fail", broken(files=files(dmesg="vpu: swiotlb buffer is full (sz: 4096 bytes)\n" * 6)), "heap.above-limit"),
    Broken("beyond the limit", "heap.addresses", "fail", broken(files=files(dmesg="[  9.0] rga: RGA_MMU unsupported memory larger than 4G!\n")), "heap.above-limit", LIMITED),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "addresses", BROKEN, skips={"heap.addresses"}
)
