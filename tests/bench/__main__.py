"""The benchmarks: measure, write JSON, print a table.

    python -m tests.bench                      everything that this machine has data and memory for
    python -m tests.bench --only kkbox ml-100k these parts; what the file has of the others is shown as well
    python -m tests.bench --quick              everything tiny, in seconds: to see that it works

A measurement of the same code, settings and machine that is in the file already is not made again, so a run that was
stopped goes on where it was. MovieLens-100K and KKBox are taken from the folder that RAMGNN_DATA names, or from the
download cache; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import measure
from tests.bench.jobs import PARTS, Job, Scope, plan
from tests.bench.report import Rows, summary, table
from tests.bench.store import Store, machine

RESULTS = Path(__file__).parents[2] / "ramgnn" / "experiments" / "results"  # the book reads them from there


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks; 0 when no measurement failed."""
    options = _options(arguments)
    scope = Scope(options.repeats, options.threads, options.share, options.pair_share, options.quick)
    if options.quick:
        scope = Scope(repeats=1, threads=options.threads, quick=True)
    store = Store(options.out)
    jobs = [job for part in options.only for job in plan(part, scope)] if not options.show else []
    missing = [job for job in jobs if options.again or not store.done(job)]
    if len(missing) < len(jobs):
        _say(
            f"{len(jobs) - len(missing)} of {len(jobs)} measurements are in {options.out} already (--again makes them)"
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a child does not outlive this process
    failed = 0
    try:
        for number, job in enumerate(missing, 1):
            failed += not _run(job, f"[{number}/{len(missing)}]", store, scope)
    except KeyboardInterrupt:
        _say("stopped; the rows so far are kept")
        return 130
    print(f"{machine()['cpu']}, {machine()['cores']} cores, {scope.threads} threads")
    print(table(Rows(store, scope)))
    if not options.show:
        _say(f"written: {options.out}")
    return 1 if failed else 0


def _run(job: Job, number: str, store: Store, scope: Scope) -> bool:
    """Make one measurement and store it; False when it failed."""
    started = time.perf_counter()
    # tiny sizes say nothing about memory, and a process for each would take longer than the measurements
    apart = not scope.quick or job.part == "bandwidth"
    row = store.put(job, (measure.apart if apart else measure.here)(job))
    store.write(scope, summary(Rows(store, scope)))
    if "failed" in row or "skipped" in row:
        said = f"failed: {row['failed']}" if "failed" in row else f"skipped: {row['skipped']}"
    else:
        said = f"{row['seconds']:.4g} s, peak {row['peak'] / 2**20:,.0f} MiB"
    _say(f"{number} {job.what()}, repeat {job.repeat + 1}: {said} ({time.perf_counter() - started:.0f} s in all)")
    return "failed" not in row


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    introduction = __doc__ + "\nparts:\n" + "\n".join(f"  {name:15} {line}" for name, line in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=introduction, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="PART", choices=PARTS, default=list(PARTS), help="these parts")
    parser.add_argument("--quick", action="store_true", help="tiny, on the embedded data, all in one process")
    parser.add_argument("--again", action="store_true", help="make measurements again that are in the file already")
    parser.add_argument("--show", action="store_true", help="measure nothing, print the table of the file")
    parser.add_argument("--repeats", type=int, default=3, help="how often each pair is measured, in turn (3)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of torch (all cores)")
    parser.add_argument("--share", type=float, default=1.0, help="share of KKBox's songs to take, up to 1 (1)")
    parser.add_argument("--pair-share", type=float, default=0.25, help="share of the songs in kkbox-share (0.25)")
    parser.add_argument("--name", help="the results go to ramgnn/experiments/results/NAME.json (bench)")
    parser.add_argument("--out", type=Path, help="the file of results instead")
    options = parser.parse_args(arguments)
    for name in ("share", "pair_share"):
        if not 0 < getattr(options, name) <= 1:
            parser.error(f"--{name.replace('_', '-')} is {getattr(options, name)}; expected above 0 and up to 1")
    if options.repeats < 1 or options.threads < 1:
        parser.error("--repeats and --threads must be at least 1")
    if options.out is None:
        folder = Path(tempfile.gettempdir()) / "ramgnn-bench" if options.quick and not options.name else RESULTS
        options.out = folder / f"{options.name or ('quick' if options.quick else 'bench')}.json"
    return options


if __name__ == "__main__":
    sys.exit(main())
