"""Mutations of bytes, of JSON and of safetensors; each says in words what it did."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

DEEP = "deep nesting goes here"  # stands for it until the text is made, which the encoder could not make of it
ODD = (
    None, True, False, 0, -1, 1, 2, 3.5, -0.0, 10**30, -(2**63), 2**64, 1e308, float("nan"), float("inf"),
    float("-inf"), "", "a", "0", "nan", "../../x", "\x00", "\ud800", "\x1b[31m", "é" * 50, [], {}, [None], [[]],
    {"": None}, [1, "a"], {"a": {"b": [1]}}, "ram-gnn", "__class__", DEEP,
)  # fmt: skip

# ---- bytes -----------------------------------------------------------------------------------------------------------


def mutate_bytes(rng: random.Random, content: bytes) -> tuple[bytes, str]:
    """A file with a few bytes otherwise."""
    n = len(content)
    at, to = sorted((rng.randrange(n + 1), rng.randrange(n + 1)))
    kind = rng.choice(("flip", "flip", "flip", "cut", "insert", "remove", "repeat", "empty", "zeros", "swap"))
    if kind == "flip" and n:
        at, bit = rng.randrange(n), rng.randrange(8)
        return content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :], f"bit {bit} of byte {at} flipped"
    if kind == "cut":
        return content[:at], f"cut after {at} bytes"
    if kind == "insert":
        more = rng.randbytes(rng.randrange(1, 9))
        return content[:at] + more + content[at:], f"{more!r} put in at {at}"
    if kind == "remove":
        to = min(to, at + rng.choice((1, 8, 100, 10**6)))
        return content[:at] + content[to:], f"bytes {at} to {to} removed"
    if kind == "repeat":
        return content[:to] + content[at:to] + content[to:], f"bytes {at} to {to} repeated"
    if kind == "zeros":
        return content[:at] + bytes(to - at) + content[to:], f"bytes {at} to {to} set to zero"
    if kind == "swap":
        return content[to:] + content[at:to] + content[:at], "pieces in another order"
    return b"", "emptied"


# ---- JSON ------------------------------------------------------------------------------------------------------------


def places(content: Any, path: tuple = ()) -> list[tuple]:
    """The paths to all values in JSON."""
    found = [path]
    if isinstance(content, dict):
        for key, value in content.items():
            found += places(value, (*path, key))
    if isinstance(content, list):
        for number, value in enumerate(content[:50]):
            found += places(value, (*path, number))
    return found


def mutate_json(rng: random.Random, content: Any) -> tuple[Any, str]:
    """A value somewhere in it is removed, renamed, repeated, exchanged or of another kind."""
    try:
        content = copy.deepcopy(content)
    except RecursionError:  # it is nested deep already
        return [], "everything removed"
    paths = [path for path in places(content) if path]
    if not paths or rng.random() < 0.02:
        odd = rng.choice(ODD)
        return odd, f"everything became {odd!r:.40}"
    depth = rng.randrange(1, max(map(len, paths)) + 1)  # few keys stand high up, and these matter most
    path = rng.choice([p for p in paths if len(p) == depth])
    parent = content
    for key in path[:-1]:
        parent = parent[key]
    key, where = path[-1], ".".join(map(str, path))
    kind = rng.choice(("remove", "rename", "odd", "odd", "odd", "near", "add", "exchange", "repeat"))
    if kind == "remove":
        del parent[key]
        return content, f"{where} removed"
    if kind == "rename" and isinstance(parent, dict):
        parent[f"{key}s"] = parent.pop(key)
        return content, f"{where} renamed"
    if kind == "add" and isinstance(parent, dict):
        parent[rng.choice(("new", "", "__proto__", "k" * 1000))] = rng.choice(ODD)
        return content, f"a key added beside {where}"
    if kind == "exchange":
        other = rng.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
        parent[key], parent[other] = parent[other], parent[key]
        return content, f"{where} exchanged with {other}"
    if kind == "repeat" and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
        return content, f"{where} repeated"
    if kind == "near":
        parent[key] = _near(rng, parent[key])
        return content, f"{where} became {parent[key]!r:.40}"
    parent[key] = rng.choice(ODD)
    return content, f"{where} became {parent[key]!r:.40}"


def _near(rng: random.Random, value: Any) -> Any:
    """A value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice((-2, -1, 1, 2, 1000, 2**31, 10**12))
    if isinstance(value, float):
        return value * rng.choice((-1, 0, 2, 1e6, 1e300))
    if isinstance(value, str):
        return rng.choice((value + "x", value[:-1], value.upper(), value * 2))
    if isinstance(value, list):
        return rng.choice((value[:-1], value + value[-1:], value[::-1], value * 2))
    return {} if isinstance(value, dict) else 1


def json_bytes(rng: random.Random, content: Any) -> bytes:
    """The text of it, NaN and lone surrogates and all."""
    text = json.dumps(content, indent=1, ensure_ascii=rng.random() < 0.5)
    depth = rng.choice((50, 900, 5000, 100_000))
    deep = "[" * depth + "]" * depth if rng.random() < 0.5 else '{"a":' * depth + "1" + "}" * depth
    return text.replace(json.dumps(DEEP), deep).encode("utf-8", "surrogatepass")


# ---- safetensors -----------------------------------------------------------------------------------------------------


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors and what stands in the header."""
    with safe_open(path, "np") as stored:
        return {name: stored.get_tensor(name) for name in stored.keys()}, dict(stored.metadata() or {})  # noqa: SIM118


def write_tensors(path: Path, tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """The inverse of `read_tensors`."""
    save_file({name: np.ascontiguousarray(x) for name, x in tensors.items()}, path, metadata or None)


def mutate_tensors(rng: random.Random, tensors: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], str]:
    """One of them is removed, renamed, of another shape or type, or holds other values."""
    tensors = dict(tensors)
    name = rng.choice(sorted(tensors))
    x = tensors[name]
    kind, change = rng.choice(sorted(CHANGES.items()))
    if kind == "removed":
        del tensors[name]
    elif kind == "renamed":
        tensors[rng.choice((name + "x", name.upper(), "", "adam.0.exp_avg", "a.b.c", "-1.step"))] = tensors.pop(name)
    elif kind == "added":
        tensors[rng.choice((f"{name}.more", "adam.999.step", "adam.x.y", "user.x", "final.users", ""))] = x
    elif kind == "exchanged":
        other = rng.choice(sorted(tensors))
        tensors[name], tensors[other] = tensors[other], x
    else:
        try:
            tensors[name] = change(rng, x.copy())
        except (ValueError, IndexError, OverflowError, TypeError):  # not with such an array
            return tensors, "nothing"
    return tensors, f"{name} {x.dtype} {x.shape} {kind}"


def _put(value: float) -> Callable[[random.Random, np.ndarray], np.ndarray]:
    def put(rng: random.Random, x: np.ndarray) -> np.ndarray:
        x.reshape(-1)[rng.randrange(x.size)] = value
        return x

    return put


CHANGES: dict[str, Callable[[random.Random, np.ndarray], np.ndarray] | None] = {
    "removed": None, "renamed": None, "added": None, "exchanged": None,
    "NaN": _put(float("nan")), "infinite": _put(float("inf")), "-1": _put(-1), "huge": _put(3e38), "2**40": _put(2**40),
    "1": _put(1),
    "one row less": lambda rng, x: x[:-1],
    "one row more": lambda rng, x: np.concatenate([x, x[-1:]]),
    "one column less": lambda rng, x: x[:, :-1],
    "one column more": lambda rng, x: np.concatenate([x, x[:, -1:]], 1),
    "transposed": lambda rng, x: x.T.copy(),
    "flat": lambda rng, x: x.reshape(-1),
    "deeper": lambda rng, x: x[None],
    "a number": lambda rng, x: x.reshape(-1)[0:1].reshape(()),
    "no rows": lambda rng, x: x[:0],
    "many": lambda rng, x: np.resize(x, 10_000),
    "float64": lambda rng, x: x.astype(np.float64), "float16": lambda rng, x: x.astype(np.float16),
    "int64": lambda rng, x: x.astype(np.int64), "int32": lambda rng, x: x.astype(np.int32),
    "uint8": lambda rng, x: x.astype(np.uint8), "bool": lambda rng, x: x.astype(bool),
    "float32": lambda rng, x: x.astype(np.float32),
    "reversed": lambda rng, x: x[::-1].copy(),
    "shuffled": lambda rng, x: x[np.random.default_rng(rng.randrange(99)).permutation(len(x))],
    "zeros": lambda rng, x: x * 0,
}  # fmt: skip
