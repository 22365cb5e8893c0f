"""What holding places costs in a lab of many hosts: a real coordinator and client, and exporters that are simulated.

``python -m benchmarks labgrid_hosts``. The exporters are streams of one process that publish boards and answer
requests, as labgrid-exporter does. No board is there: what a run on them costs is in ``boards_at_once``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bringup.lab.places.holding import held_places
from bringup.lab.places.messages import PlaceRequest

BIN = Path(sys.executable).parent
#: Hosts and boards on each.
LABS = ((1, 20), (50, 20), (500, 20))
HELD = 20

_EXPORTERS = """
import asyncio, sys
import grpc
from labgrid.remote.generated import labgrid_coordinator_pb2 as pb, labgrid_coordinator_pb2_grpc as rpc
from labgrid.util import labgrid_version

def board(number, place=""):
    message = pb.ExporterInMessage()
    resource = message.resource
    resource.path.group_name, resource.path.resource_name = f"slot{number}", "RemoteUSBADBDevice"
    resource.cls, resource.avail, resource.acquired = "RemoteUSBADBDevice", True, place
    resource.params["host"].string_value, resource.params["port"].uint_value = "192.0.2.1", 5037
    resource.params["serialno"].string_value = f"board{number}"
    return message

async def exporter(address, host, boards, ready):
    out = asyncio.Queue()
    start = pb.ExporterInMessage()
    start.startup.version, start.startup.name = labgrid_version(), f"host{host}"
    for message in [start, *map(board, range(boards))]:
        out.put_nowait(message)
    async def lines():
        while True:
            yield await out.get()
    async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        async for request in rpc.CoordinatorStub(channel).ExporterStream(lines()):
            if request.WhichOneof("kind") == "set_acquired_request":
                wanted = request.set_acquired_request
                out.put_nowait(board(int(wanted.group_name[4:]), wanted.place_name))
                answer = pb.ExporterInMessage()
                answer.response.success = True
                out.put_nowait(answer)

async def main(address, hosts, boards):
    await asyncio.gather(*(exporter(address, host, boards, None) for host in range(hosts)))

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


def _place(host: int, board: int) -> str:
    match = f"{{exporter: host{host}, group: slot{board}, cls: RemoteUSBADBDevice, name: null, rename: null}}"
    return (
        f"place-{host}-{board}: {{aliases: [], comment: '', created: 1.0, changed: 1.0, tags: {{host: h{host}}}, "
        f"matches: [{match}]}}\n"
    )


@contextmanager
def lab(hosts: int, boards: int) -> Iterator[tuple[str, int]]:
    """The coordinator's address and process id, once it knows all boards."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        (folder / "places.yaml").write_text("".join(_place(h, b) for h in range(hosts) for b in range(boards)))
        environ = os.environ | {"GRPC_VERBOSITY": "NONE", "PYTHONUNBUFFERED": "1"}
        log = folder / "log"
        with log.open("wb") as out:
            coordinator = subprocess.Popen(
                [BIN / "labgrid-coordinator", "-l", "127.0.0.1:0"], cwd=folder, env=environ, stdout=out, stderr=out
            )
        ends.callback(coordinator.wait)
        ends.callback(coordinator.kill)
        port = _wait_for(log, r"listening on \S+:(\d+)", 1)[0]
        exporters = subprocess.Popen(
            [sys.executable, "-c", _EXPORTERS, f"127.0.0.1:{port}", str(hosts), str(boards)], env=environ
        )
        ends.callback(exporters.wait)
        ends.callback(exporters.kill)
        _wait_for(log, "(set_resource)", hosts * boards)
        yield f"127.0.0.1:{port}", coordinator.pid


def _wait_for(log: Path, pattern: str, count: int) -> list[str]:
    while len(found := re.findall(pattern, log.read_text("utf-8", "replace"))) < count:
        time.sleep(0.2)
    return found


def _resident(pid: int) -> int:
    return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) >> 10


def _cpu(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def main() -> bool:
    """Print a line for each lab."""
    print(
        f"{'hosts':>6}{'boards':>8}{'places':>8}{'client CPU':>12}{'client MiB':>12}{'coordinator CPU':>17}{'MiB':>6}"
    )
    for hosts, boards in LABS:
        with lab(hosts, boards) as (address, coordinator):
            for count in (1, HELD):
                names = tuple(f"place-{(number * 7) % hosts}-{number % boards}" for number in range(count))
                before = _cpu(coordinator)
                with held_places(PlaceRequest(tuple(dict.fromkeys(names)), coordinator=address), print) as held:
                    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
                    (keeper,) = [
                        int(c) for c in children if b"places.keeper" in Path(f"/proc/{c}/cmdline").read_bytes()
                    ]
                    client, memory = _cpu(keeper), _resident(keeper)
                used = _cpu(coordinator) - before
                print(
                    f"{hosts:6}{hosts * boards:8}{len(held.boards):8}{client:10.2f} s{memory:12}"
                    f"{used:15.2f} s{_resident(coordinator):6}",
                    flush=True,
                )
    return False
