"""A series of looks: leaks are found, quiet boards are not accused, and a series that was kept is judged the same."""

from __future__ import annotations

import pytest

from bringup.compare.watching import ERROR_RATE, SeriesJudge, judge_again
from bringup.document import DocumentError, write_document
from bringup.report.watch import end_sentence
from bringup.results.watch import LeakFound, Look, WatchedShare, WatchEnd, WatchLine, read_series
from tests.support.simulated_watch import BUFFER, begin, leak_test, quiet_board, share

TIMES = 100


def look(number: int, *shares: WatchedShare, round_: int | None = None) -> Look:
    return Look(at=float(number), round=round_, shares=shares)


def test_a_leak_of_one_buffer_a_round_is_found_among_noise() -> None:
    """A hundred of the thousand times of ``python -m benchmarks watch_errors``."""
    found = [leak_test(seed, leaked=1) for seed in range(TIMES)]
    assert all("process0" in {leak.process for leak in leaks} for leaks in found)
    assert sum(any(leak.process not in ("process0", "") for leak in leaks) for leaks in found) <= ERROR_RATE * TIMES
    leak = next(leak for leak in found[0] if leak.process == "process0")
    assert leak.slope == pytest.approx(BUFFER, rel=0.5)
    assert leak.p <= leak.limit < ERROR_RATE


def test_without_a_leak_none_is_reported() -> None:
    assert sum(bool(leak_test(seed, leaked=0)) for seed in range(TIMES)) <= ERROR_RATE * TIMES


def test_none_is_reported_on_a_quiet_board_in_100_hours() -> None:
    assert quiet_board(1, 100) == []


def test_a_leak_that_many_processes_share_is_found_in_the_sum() -> None:
    """Each round starts a process that stays."""
    judge = SeriesJudge(begin(30))
    found: list[LeakFound] = []
    for number in range(31):
        shares = (share("service", 3), *(share(f"left{pid}", 1, pid=pid) for pid in range(100, 100 + number)))
        found += judge.add(look(number, *shares, round_=number))
    leaks, end = judge.end("all rounds", is_whole=True)
    assert {leak.process for leak in (*found, *leaks)} == {""}
    assert end.outcome == "fail"


def test_a_buffer_that_two_hold_counts_once_in_the_sum() -> None:
    judge = SeriesJudge(begin(30))
    both = [WatchedShare(pid, 1, f"p{pid}", "system", 1, 100, 50) for pid in (1, 2)]
    judge.add(look(0, *both, round_=0))
    assert {(one.process, one.after) for one in judge.growth()} == {("", 100), ("p1", 100), ("p2", 100)}


def test_too_short_a_watch_is_unknown_and_an_early_end_is_no_pass() -> None:
    for rounds, is_whole, outcome in (
        (9, True, "error"),
        (12, True, "error"),
        (30, False, "error"),
        (30, True, "pass"),
    ):
        judge = SeriesJudge(begin(30))
        for number in range(rounds + 1):
            judge.add(look(number, share("service", 3), round_=number))
        _, end = judge.end("so says the test", is_whole=is_whole)
        assert end.outcome == outcome
        assert ("; it takes 15 rounds" in end_sentence(end, begin(30))) == (rounds < 30)


def test_how_long_a_watch_has_to_be_is_how_long_it_takes() -> None:
    """As many rounds, or blocks of time, as are said to be enough are."""
    judges = [SeriesJudge(begin(30)), SeriesJudge(begin())]
    for judge, round_ in zip(judges, (0, None), strict=True):
        judge.add(look(0, *(share(f"p{pid}", 3, pid=pid) for pid in range(1, 21)), round_=round_))
    ends = [judge.end("", is_whole=True)[1] for judge in judges]
    assert [end.enough for end in ends] == [19, 18 * 300]
    assert end_sentence(ends[0], begin(30)).endswith("; it takes 19 rounds")
    assert end_sentence(ends[1], begin()).endswith("; it takes 1 h 30 min")
    for number in range(1, 20):
        judges[0].add(look(number, *(share(f"p{pid}", 3, pid=pid) for pid in range(1, 21)), round_=number))
    for number in range(30, 18 * 300 + 1, 30):
        judges[1].add(look(number, *(share(f"p{pid}", 3, pid=pid) for pid in range(1, 21))))
    assert [judge.end("", is_whole=True)[1].outcome for judge in judges] == ["pass", "pass"]


def test_what_could_not_be_seen_makes_no_pass() -> None:
    """One look that missed some is enough; a leak that was seen all the same is one."""
    for leaked, outcome in ((0, "error"), (1, "fail")):
        judge = SeriesJudge(begin(30))
        for number in range(31):
            hidden = number == 7
            notes = ("the descriptors of 4 of 10 processes may not be seen",) if hidden else ()
            shares = (share("service", 3 + leaked * number),)
            judge.add(Look(at=float(number), round=number, shares=shares, notes=notes, sees_all=not hidden))
        _, end = judge.end("all rounds", is_whole=True)
        assert (end.outcome, end.notes) == (outcome, ("the descriptors of 4 of 10 processes may not be seen",))
        assert "not all was seen: the descriptors of 4 of 10" in end_sentence(end, begin(30))


def test_a_process_that_warms_up_in_the_first_round_is_not_a_leak() -> None:
    judge = SeriesJudge(begin(30))
    found = [
        leak for number in range(31) for leak in judge.add(look(number, share("x", 9 if number else 0), round_=number))
    ]
    assert (found, judge.end("all rounds", is_whole=True)[1].outcome) == ([], "pass")


def test_without_rounds_a_block_lasts_as_long_as_amounts_swing() -> None:
    """A look every 30 s, blocks of 300 s: 16 blocks, and the look that ends the last one."""
    judge = SeriesJudge(begin())
    found: list[LeakFound] = []
    for number in range(0, 4831, 30):
        found += judge.add(look(number, share("leaky", number // 30 + 1)))
    (leak, _) = sorted(found, key=lambda leak: leak.process != "leaky")
    assert (leak.process, leak.at) == ("leaky", 4800)
    assert leak.slope == pytest.approx(BUFFER / 30)


def series_of(*lines: WatchLine) -> bytes:
    return "".join(write_document(line) + "\n" for line in lines).encode()


def watched() -> tuple[list[WatchLine], WatchEnd]:
    judge, lines = SeriesJudge(begin(30)), list[WatchLine]([begin(30)])
    for number in range(31):
        seen = look(number, share("leaky", number + 1), round_=number)
        lines += [seen, *judge.add(seen)]
    leaks, end = judge.end("all rounds", is_whole=True)
    return [*lines, *leaks, end], end


def test_a_series_that_was_kept_is_judged_the_same() -> None:
    lines, end = watched()
    again = judge_again(read_series(series_of(*lines)))
    assert again[1] == end
    assert len(again[0]) == 2


def test_a_series_that_is_cut_off_is_read_and_is_no_pass() -> None:
    lines, _ = watched()
    whole = series_of(*(line for line in lines if not isinstance(line, WatchEnd)))
    series = read_series(whole[: whole.index(b"\n", 2000) + 10])
    assert series.end is None
    assert series.looks
    assert judge_again(series)[1].outcome == "error"


@pytest.mark.parametrize("raw", [b"", b"\n", b"{}\n", b"[]\n", b'{"event":"look"}\n', b"\xff\n"])
def test_what_is_no_series_is_refused(raw: bytes) -> None:
    with pytest.raises(DocumentError):
        read_series(raw)
