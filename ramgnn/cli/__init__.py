"""The command line, ``ramgnn`` or ``python -m ramgnn``.

`parser` says which commands there are, what they take and, by name, which function runs each; the other modules hold
these functions. A command's module is imported when it runs, so that ``ramgnn --help`` need not wait for PyTorch.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from ramgnn import advice
from ramgnn.cli import checks
from ramgnn.cli.parser import build_parser
from ramgnn.cli.typed import on_shell
from ramgnn.errors import RamgnnError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what was typed after ``ramgnn``; that of this process when None.

    Returns:
        The exit status: 0 for success, 1 for an error with a clear message, 2 for wrong usage, 130 for Ctrl-C,
        also where what was reached is saved.

    Raises:
        SystemExit: the arguments cannot be parsed (status 2), or ``--help`` was asked for (0).
    """
    parser = build_parser()
    args = parser.parse_args(arguments)
    if args.version:
        from ramgnn import __version__

        print(f"ramgnn {__version__}")
        return 0
    if args.command is None:
        parser.print_help()
        return 2
    if args.check is not None:
        args.check(args)
    try:
        module, _, function = args.handler.partition(":")
        with advice.words(on_shell):
            return getattr(import_module(module), function)(args) or 0
    except RamgnnError as error:
        if args.debug:
            raise
        print(f"ramgnn: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nramgnn: stopped by you", file=sys.stderr)
        return checks.INTERRUPTED
    except BrokenPipeError:  # `ramgnn … | head` closes early; without this Python would complain once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
