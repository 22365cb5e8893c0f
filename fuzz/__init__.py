"""Fuzzing of what reads strangers' data: ``make fuzz``. One file a target in ``targets/``, seeds in ``corpus/``."""
