"""One connected board: shell, push, pull, root, reboot, within a deadline."""

from __future__ import annotations

from bringup.board.board import OUTPUT_LIMIT, Board
from bringup.board.boot import await_boot
from bringup.board.command import time_to_run
from bringup.board.connecting import CONNECT_SECONDS, Chosen, connect, connect_all, reach
from bringup.board.listing import ListedBoard, list_boards
from bringup.board.lock import LOCK_NAME, Claim, Owner, in_use
from bringup.board.network import connect_tcp, disconnect_tcp
from bringup.board.root import Root, RootPolicy, RootState
from bringup.board.select import Selection
from bringup.board.server import ServerAddress, TcpAddress, UnixAddress
from bringup.board.shell import Chunk, Completed, Exit, Stderr, Stdout
from bringup.board.states import is_state
from bringup.board.sync import FileStat
from bringup.board.transfer import Pulled
from bringup.board.watch import Heartbeat
from bringup.board.wire import ServerTransport, Stream, Target, Transport

__all__ = [
    "CONNECT_SECONDS",
    "LOCK_NAME",
    "OUTPUT_LIMIT",
    "Board",
    "Chosen",
    "Chunk",
    "Claim",
    "Completed",
    "Exit",
    "FileStat",
    "Heartbeat",
    "ListedBoard",
    "Owner",
    "Pulled",
    "Root",
    "RootPolicy",
    "RootState",
    "Selection",
    "ServerAddress",
    "ServerTransport",
    "Stderr",
    "Stdout",
    "Stream",
    "Target",
    "TcpAddress",
    "Transport",
    "UnixAddress",
    "await_boot",
    "connect",
    "connect_all",
    "connect_tcp",
    "disconnect_tcp",
    "in_use",
    "is_state",
    "list_boards",
    "reach",
    "time_to_run",
]
