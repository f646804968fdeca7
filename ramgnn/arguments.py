"""Checks of arguments and settings: which one is wrong, what was given, what is expected; before any work is done."""

from __future__ import annotations

import errno
import inspect
import math
import os
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from ramgnn.errors import RamgnnError

MOST = {"dim": 16_384, "layers": 1_000, "positives": 10_000, "negatives": 100_000}  # of settings, for `check_most`
LARGEST = 1e30  # of decimals among the settings: weights are 32-bit numbers, which end at 3.4e38, products included
MAX_SEED = 2**63 - 1  # the two graphs are pre-trained with 2 · seed and one more, and PyTorch's seeds have 64 bits


def wrong(name: str, value: object, expected: str, error: type[RamgnnError] = RamgnnError) -> RamgnnError:
    """The error for an argument: its name, what was given and what is expected.

    Args:
        expected: completes "expected …".
        error: the class of the error, which takes the message.
    """
    kind = type(value).__name__
    shown = f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"
    if value is None or isinstance(value, str | Real):
        shown = repr(value) if isinstance(value, str) else str(value)
    return error(f"{name} is {shown}; expected {expected}")


def instance(
    name: str, value: Any, kinds: type | tuple[type, ...], expected: str, error: type[RamgnnError] = RamgnnError
) -> Any:
    """The value, where it is of one of these classes.

    Raises:
        RamgnnError: it is not.
    """
    if not isinstance(value, kinds):
        raise wrong(name, value, expected, error)
    return value


def true_or_false(name: str, value: object) -> bool:
    """The value as a bool, where it is True or False.

    Raises:
        RamgnnError: it is not.
    """
    if type(value).__name__ != "bool":  # numpy's are called so, too
        raise wrong(name, value, "True or False")
    return bool(value)


def path(name: str, value: str | os.PathLike, expected: str) -> str | os.PathLike:
    """The value, where it is text or a path.

    Raises:
        RamgnnError: it is not, is empty, or has a character that no path may have.
    """
    if instance(name, value, (str, os.PathLike), expected) == "" or "\0" in os.fsdecode(value):
        raise wrong(name, str(value), expected)
    try:
        os.lstat(value)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise RamgnnError(f"{name} is too long a path, of {len(os.fsdecode(value)):,} characters") from None
    return value


def whole_number(
    name: str, value: object, least: int | None = None, most: int | None = None, error: type[RamgnnError] = RamgnnError
) -> int:
    """The value as an int, where it is a whole number (numpy's too, but no truth value and no text) within bounds.

    Raises:
        RamgnnError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        bound = "" if least is None else f", {_from(least)}"
        raise wrong(name, value, f"a whole number{bound}", error)
    if (least is not None and value < least) or (most is not None and value > most):
        raise wrong(name, value, f"{_from(least)}" if most is None else f"{least} to {most}", error)
    return int(value)


def _from(least: float) -> str:
    return "0 or more" if least == 0 else f"at least {least:g}"


def seed(value: object, error: type[RamgnnError] = RamgnnError) -> int:
    """The value as an int, where it is a seed: a whole number from 0 to `MAX_SEED`.

    Raises:
        RamgnnError: it is not.
    """
    return whole_number("seed", value, 0, MAX_SEED, error)


def cutoff(k: object) -> int:
    """The length of a list, where it is a whole number from 1 on.

    Raises:
        RamgnnError: it is not.
    """
    if whole_number("k", k) < 1:
        raise wrong("k", k, "a list of at least one item")
    return int(k)


def cutoffs(ks: int | Sequence[int]) -> tuple[int, ...]:
    """Lengths of a list to compute metrics at: one whole number from 1 on, or several.

    Raises:
        RamgnnError: one is no such number, or there is none.
    """
    if isinstance(ks, Integral):
        return (cutoff(ks),)
    if isinstance(ks, str | Mapping) or not hasattr(ks, "__iter__"):
        raise wrong("ks", ks, "a whole number or several, such as (10, 20)")
    if not (numbers := tuple(map(cutoff, ks))):
        raise RamgnnError("ks is empty; expected a whole number or several, such as (10, 20)")
    return numbers


def registered_name(decorator: str, name: object) -> str:
    """The name that a decorator such as ``@register("name")`` was given.

    Args:
        decorator: what it is called, for the message.

    Raises:
        RamgnnError: it is no name, or the decorator was written without brackets and got the function itself.
    """
    if callable(name):
        raise RamgnnError(f'@{decorator} needs a name in brackets; write @{decorator}("name") above it')
    if not isinstance(name, str) or not name:
        raise wrong(f"the name given to @{decorator}", name, f'text, as in @{decorator}("name")')
    return name


# ---- settings --------------------------------------------------------------------------------------------------------

KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a name", "None": "none"}
_WORDS = {"true": True, "false": False, "1": True, "0": False}


def annotation(of: Any) -> str:
    """An annotation as it is written; empty for none."""
    if of is inspect.Parameter.empty:
        return ""
    return of if isinstance(of, str) else getattr(of, "__name__", str(of))


def read_setting(value: Any, kind: str, assignment: str) -> Any:
    """A value of the kind that a setting has, read from text where it is given as text.

    Args:
        kind: the annotation of the setting, such as ``"int | None"``; one that is not made of `KINDS` says nothing.
        assignment: the whole of ``name=value``, for the message.

    Raises:
        RamgnnError: it is of another kind, or no finite number.
    """
    kinds = kind.split(" | ")
    known = set(kinds) <= set(KINDS)
    if known and isinstance(value, str) and "str" not in kinds:
        value = _from_text(value, kinds)
    if known and not is_of_kind(value, kinds):
        raise RamgnnError(f"cannot read {assignment!r}; expected {' or '.join(KINDS[k] for k in kinds)}")
    if not is_finite(value):
        raise RamgnnError(f"cannot read {assignment!r}; expected a finite number")
    if known and isinstance(value, Real) and not isinstance(value, bool):
        return int(value) if "int" in kinds and isinstance(value, Integral) else float(value)
    return value


def _from_text(text: str, kinds: Sequence[str]) -> Any:
    """What a text says, or the text itself where it says nothing of these kinds."""
    if "None" in kinds and text.lower() == "none":
        return None
    if "bool" in kinds and text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind, read in (("int", int), ("float", float)):
        if kind in kinds:
            try:
                return read(text)
            except ValueError:
                pass
    return text


def is_of_kind(value: object, kinds: Sequence[str]) -> bool:
    """Whether a value is of one of these kinds (keys of `KINDS`); whole numbers do for decimals."""
    if value is None or isinstance(value, bool | str):
        return {"NoneType": "None"}.get(type(value).__name__, type(value).__name__) in kinds
    if isinstance(value, Integral):
        return "int" in kinds or "float" in kinds
    return isinstance(value, Real) and "float" in kinds


def is_finite(value: object) -> bool:
    """Whether a value is anything but a number that is infinite or NaN."""
    try:
        return not isinstance(value, Real) or math.isfinite(value)
    except OverflowError:  # a whole number beyond the largest float
        return False


def check_least(name: str, value: Any, least: float) -> None:
    """Refuse a number below the least value that it may have; None, for a setting that may be none, passes.

    Raises:
        RamgnnError: it is below, or NaN.
    """
    if value is not None and not (isinstance(value, Real) and value >= least):
        raise wrong(name, value, f"at least {least}")


def check_most(name: str, value: Any) -> None:
    """Refuse a number that no memory has room for, no training comes to the end of, or no weight can hold.

    Other values pass.

    Raises:
        RamgnnError: it is one.
    """
    most = MOST.get(name.rpartition(".")[2], 10**9)
    if isinstance(value, Integral) and value > most:
        raise wrong(name, value, f"at most {most:,}")
    if isinstance(value, Real) and abs(value) > LARGEST:
        raise wrong(name, value, f"a number up to {LARGEST:g}: weights are 32-bit numbers")


def check_share(name: str, value: float) -> None:
    """Refuse what is no share to leave out: a number from 0 up to below 1.

    Raises:
        RamgnnError: it is none.
    """
    if not (isinstance(value, Real) and 0 <= value < 1):
        raise wrong(name, value, "0 up to below 1")


def mapping(name: str, value: object, example: str) -> dict[str, Any]:
    """Settings by name as a dictionary; empty for None.

    Args:
        example: such settings, for the message.

    Raises:
        RamgnnError: it is no dictionary, or a name is no text.
    """
    if value is None:
        return {}
    instance(name, value, Mapping, f"a dictionary, such as {example}")
    for key in value:
        instance(f"a name in {name}", key, str, f"text, as in {example}")
    return dict(value)
