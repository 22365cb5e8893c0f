"""Fixtures for every room: boards of three kinds (native adbd, virtual, scripted)."""

pytest_plugins = ["tests.native_adbd", "tests.virtual_board"]
