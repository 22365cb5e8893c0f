"""Board bring-up over adb: observe a board, record it, judge the record, report."""

__version__ = "0.1.0"
