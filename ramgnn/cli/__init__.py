"""The command line, ``ramgnn`` or ``python -m ramgnn``.

`parser` says which commands there are, what they take and, by name, which function runs each; the other modules hold
these functions. A command's module is imported when it runs, so that ``ramgnn --help`` need not wait for PyTorch, and
``recommend`` and ``similar`` wait for it only where final vectors are not enough (`ramgnn.runs.vectors`).
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from ramgnn import advice
from ramgnn.cli import checks, streams
from ramgnn.cli.importing import imported
from ramgnn.cli.parser import build_parser, parse
from ramgnn.cli.stopping import stops
from ramgnn.cli.typed import on_shell
from ramgnn.errors import RamgnnError
from ramgnn.visible import visible_lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what was typed after ``ramgnn``; that of this process when None.

    Returns:
        The exit status: 0 for success, 1 for an error with a clear message, 2 for wrong usage, 130 for Ctrl-C and
        143 for SIGTERM, also where what was reached is saved.

    Raises:
        SystemExit: the arguments cannot be parsed (status 2), or ``--help`` was asked for (0).
    """
    with streams.shown():
        try:
            status = _parsed(arguments)
            if sys.stdout is not None:
                sys.stdout.flush()
            return status
        except BrokenPipeError:  # `ramgnn … | head` closes early; without this Python would complain once more at exit
            streams.discard()
            return 0
        except streams.CannotPrint as error:
            print(f"ramgnn: {error}", file=sys.stderr)
            streams.discard()
            return 1


def _parsed(arguments: Sequence[str] | None) -> int:
    """`main`, with streams that can be written to."""
    args = parse(arguments)
    if args.version:
        from ramgnn import __version__

        print(f"ramgnn {__version__}")
        return 0
    if args.command is None:
        build_parser().print_help()
        return 2
    if args.check is not None:
        args.check(args)
    if args.command == "run":  # SIGTERM ends it at once, and its processes with it: each task that is done is stored
        return _run(args)
    with stops() as stop:
        return stop.status(_run(args))


def _run(args: Namespace) -> int:
    """Run the command that was typed; what goes wrong is told in words."""
    try:
        module, _, function = args.handler.partition(":")
        with advice.words(on_shell), streams.warnings_in_words():
            return getattr(imported(module), function)(args) or 0
    except streams.CannotPrint:
        raise
    except RamgnnError as error:
        if args.debug:
            raise
        print(f"ramgnn: {visible_lines(str(error))}", file=sys.stderr)
        return 1
    except OSError as error:  # a folder that may not be looked into, say: the system's word and the path are clear
        if args.debug or error.filename is None or isinstance(error, BrokenPipeError):
            raise
        print(f"ramgnn: {visible_lines(str(error.filename))}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nramgnn: stopped by you", file=sys.stderr)
        return checks.INTERRUPTED
