"""A vendor's own tests: copy this file, and change what it asks.

pytest --bringup-serial SERIAL --bringup-output out/video
"""

import pytest


@pytest.mark.needs_heap("system")
def test_the_codec_may_read_the_system_heap(board, deadline):
    """The codec can open /dev/dma_heap/system"""
    assert board.shell(["test", "-r", "/dev/dma_heap/system"], deadline).exit_code == 0


def test_every_heap_is_a_character_device(board, heap, deadline):
    """Each heap's node is a character device"""
    assert board.shell(["test", "-c", heap.path], deadline).exit_code == 0


def test_no_heap_test_failed(record):
    """The test allocator found no fault in any heap"""
    assert [result.test for result in record.results if result.outcome == "fail"] == []
