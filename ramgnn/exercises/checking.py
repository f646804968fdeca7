"""What an exercise is, and how an answer is checked: step by step, to the first one that does not hold."""

from __future__ import annotations

import importlib
import pkgutil
import re
import textwrap
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ramgnn.errors import NotFoundError

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Step:
    """One thing that a right answer does.

    Attributes:
        description: what is looked at, in words that go on from "it checks that …".
        holds: given the answer, whether it does.
        hint: what to think about when it does not, without giving the answer away; may be a function of the answer.
    """

    description: str
    holds: Callable[[Any], bool]
    hint: str | Callable[[Any], str]


@dataclass(frozen=True)
class Exercise:
    """One exercise that can be checked.

    Attributes:
        id: chapter and number, as in ``"01.2"``.
        expected: what the answer is, as in ``"a function ndcg(rank, k)"``.
        kind: a type, or several, that the answer must have; ``"function"`` for anything that can be called.
        steps: in the order they are looked at, those for common mistakes first.
    """

    id: str
    expected: str
    kind: Any
    steps: tuple[Step, ...]

    def accepts(self, answer: Any) -> bool:
        """Whether the answer is of that kind."""
        return callable(answer) if self.kind == "function" else isinstance(answer, self.kind)


def check(id: str, answer: Any) -> bool:
    """Say whether an answer is right, or which step is wrong and what to think about; returns whether it is right.

    Args:
        id: chapter and number of the exercise, as in ``"01.2"``.
        answer: yours: a number, an array or a function, as the exercise says.

    Raises:
        NotFoundError: there is no such exercise.
    """
    verdict = judge(exercise(id), answer)
    print(textwrap.fill(f"{id}: {verdict.said}", 80, subsequent_indent="      ", replace_whitespace=False))
    return verdict.is_right


@dataclass(frozen=True)
class Verdict:
    """What is found out about an answer.

    Attributes:
        is_right: whether every step holds.
        steps: how many steps hold, counted to the first that does not.
        said: what a reader is told.
    """

    is_right: bool
    steps: int
    said: str


def judge(exercise: Exercise, answer: Any) -> Verdict:
    """Look at an answer step by step, to the first step that does not hold."""
    if answer is None or answer is Ellipsis:
        return Verdict(False, 0, f"nothing to check yet. The answer is {exercise.expected}.")
    if not exercise.accepts(answer):
        return Verdict(False, 0, f"this is {_a(type(answer).__name__)}; the answer is {exercise.expected}.")
    for number, step in enumerate(exercise.steps):
        place = f"step {number + 1} of {len(exercise.steps)}, {step.description}"
        try:
            holds = bool(step.holds(answer))
        except _Unfinished:
            said = f"your function returned nothing yet. The answer is {exercise.expected}."
            return Verdict(False, number, said)
        except Exception as error:
            return Verdict(False, number, f"not yet. At {place}: your code raised {_last(error)}")
        if not holds:
            hint = step.hint(answer) if callable(step.hint) else step.hint
            return Verdict(False, number, f"not yet. At {place}: {hint}")
    said = f"right, all {len(exercise.steps)} steps." if len(exercise.steps) > 1 else "right."
    return Verdict(True, len(exercise.steps), said)


class _Unfinished(Exception):
    """A function gave back nothing."""


def value(result: Any) -> Any:
    """The same result, unless a function gave back nothing, which ends the check with a word about it."""
    if result is None or result is Ellipsis:
        raise _Unfinished
    return result


def near(result: Any, expected: Any, tolerance: float = 1e-6) -> bool:
    """Whether numbers, arrays or tensors agree in shape and, within a relative tolerance, in every entry."""
    result, expected = array(result), array(expected)
    if result.shape != expected.shape:
        return False
    return bool(np.allclose(result, expected, rtol=tolerance, atol=min(tolerance, 1e-5), equal_nan=True))


def array(x: Any) -> np.ndarray:
    """A number, list, tensor or array as an array of float64."""
    x = value(x)
    if hasattr(x, "detach"):
        x = x.detach().cpu().numpy()
    return np.asarray(x, np.float64)


def exercise(id: str) -> Exercise:
    """The exercise of that id.

    Raises:
        NotFoundError: there is none.
    """
    known = exercises()
    if id not in known:
        raise NotFoundError("exercise", id, sorted(known))
    return known[id]


@cache
def exercises() -> dict[str, Exercise]:
    """Every exercise that can be checked, by id."""
    package = importlib.import_module("ramgnn.exercises")
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if re.fullmatch(r"ch\d\d[a-z]?", m.name))
    modules = [importlib.import_module(f"ramgnn.exercises.{name}") for name in names]
    return {exercise.id: exercise for module in modules for exercise in module.EXERCISES}


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _last(error: Exception) -> str:
    """Name and text of an error, and the line of the reader's code that it comes from where that can be told."""
    text = f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    outside = [f for f in frames if not Path(f.filename).is_relative_to(PACKAGE) and f.line]
    return f"{text}\n  in the line: {outside[-1].line}" if outside else text
