"""The door to Numba, which is optional: where it is installed some loops are compiled, elsewhere PyTorch does the same.

``pip install 'ramgnn[fast]'`` brings it. ``RAMGNN_COMPILED=0`` switches it off, to compare.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from torch import Tensor

# sums may be reordered and multiplied with an addition in one step, so that eight numbers are computed at a time;
# infinities and NaN keep their meaning in each single operation
RELAXED = {"reassoc", "contract", "arcp", "nsz"}
LARGE = 40_000  # incidences of a graph; below that a compiler, even from disk, takes longer to load than its loops save


def installed() -> bool:
    """Whether there is a compiler that runs."""
    return not _missing()


@cache
def _missing() -> str:
    """Why Numba cannot be imported: not there, or not for this version of NumPy or Python; empty where it can."""
    try:
        import numba  # noqa: F401
    except Exception as error:  # noqa: BLE001 - whatever keeps it from loading
        return str(error) or type(error).__name__
    return ""


def how_to_install() -> str:
    """What brings the compiler; where Numba is installed and does not load, why."""
    there = importlib.util.find_spec("numba") is not None
    return f"Numba is installed but does not load ({_missing()})" if there else "pip install 'ramgnn[fast]'"


def wanted(*tensors: Tensor) -> bool:
    """Whether the compiled way would be taken with these if there is a compiler: on the CPU, and not switched off."""
    return os.environ.get("RAMGNN_COMPILED") != "0" and all(x.device.type == "cpu" for x in tensors)


def usable(*tensors: Tensor) -> bool:
    """Whether the compiled way can be taken with these: `wanted`, and `installed`."""
    return wanted(*tensors) and installed()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loop over arrays as machine code, made when it is first called and kept on disk."""

    @cache
    def machine_code(kept: bool) -> Callable[..., Any]:
        from numba import njit

        _teach_prefetch()
        return njit(function, cache=kept, nogil=True, error_model="numpy", fastmath=RELAXED)

    kept = [True]

    @wraps(function)
    def call(*arrays: Any) -> Any:
        try:
            return machine_code(kept[0])(*arrays)
        except Exception:
            # before the loop has begun: no folder to keep it in, no room on the disk, a file there that is damaged
            if not kept[0]:
                raise
            kept[0] = False
            return machine_code(False)(*arrays)

    return call


def prefetch(table: Any, row: int, column: int) -> None:
    """Tells the processor that a number of a table will be wanted soon; without a compiler this does nothing.

    Rows that are read in no order cost ten times what those cost that stand side by side, unless they are announced.
    """


@cache
def _teach_prefetch() -> None:
    """Let Numba put the processor's own instruction in the place of `prefetch`."""
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic, overload

    @intrinsic
    def instruction(typing, table, row, column):
        def generate(context, builder, signature, values):
            kind = signature.args[0]
            array = context.make_array(kind)(context, builder, values[0])
            place = [
                context.cast(builder, v, t, types.intp) for v, t in zip(values[1:], signature.args[1:], strict=True)
            ]
            byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
            address = builder.bitcast(cgutils.get_item_pointer(context, builder, kind, array, place), byte)
            function = builder.module.declare_intrinsic(
                "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, number, number, number])
            )
            builder.call(function, [address, number(0), number(3), number(1)])  # to read, keep it near, data
            return context.get_dummy_value()

        return types.void(table, row, column), generate

    @overload(prefetch)
    def _(table, row, column):
        def call(table, row, column):
            instruction(table, row, column)

        return call
