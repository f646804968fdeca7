"""A fuzzer of what people bring: own tables, run folders, checkpoints, stored results; see ``python -m tests.fuzz``."""
