"""Baselines by name. Each registers itself in the one file that holds it; yours may do the same.

A closed form is a function that gives back a scorer, a frozen dataclass of arrays::

    @register("most recent")
    def fit(dataset: RecDataset, half_life: float = 30.0) -> MostRecent: ...

A model that is trained epoch by epoch is a subclass of `ramgnn.baselines.fitting.Model` with settings::

    @register("my model", settings=Settings)
    class MyModel(fitting.Model): ...
"""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from numbers import Integral, Real
from typing import Any, TypeVar, get_type_hints

from ramgnn.errors import NotFoundError, RamgnnError

PACKAGE = "ramgnn.baselines."
NOT_SETTINGS = ("dataset", "seed", "progress", "max_gb")  # parameters of a closed form that change no result, and seeds
Fits = TypeVar("Fits", bound=Callable[..., Any])


@dataclass(frozen=True)
class Baseline:
    """A registered model.

    Attributes:
        name: what it is called by.
        fits: the function of a closed form, or the class of a model that is trained.
        settings_class: the dataclass of settings of a model that is trained; None for a closed form.
    """

    name: str
    fits: Callable[..., Any]
    settings_class: type | None = None

    @property
    def trained(self) -> bool:
        """Whether it is trained epoch by epoch; otherwise it is a closed form."""
        return self.settings_class is not None

    @property
    def about(self) -> str:
        """One line: the first of its docstring; of its module's for those of this package, which have a file each."""
        text = self.fits.__doc__ or ""
        if self.fits.__module__.startswith(PACKAGE):
            text = sys.modules[self.fits.__module__].__doc__ or text
        return inspect.cleandoc(text).split("\n")[0]

    def defaults(self) -> dict[str, Any]:
        """All settings with the values that they have unless something else is said."""
        if self.trained:
            return dataclasses.asdict(self.settings_class())
        parameters = inspect.signature(self.fits).parameters
        known = {k: p.default for k, p in parameters.items() if p.default is not p.empty and k not in NOT_SETTINGS}
        return known

    @property
    def seeded(self) -> bool:
        """Whether the result depends on a seed."""
        return self.trained or "seed" in inspect.signature(self.fits).parameters

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, where all of them are known and of the right kind; whole numbers do for decimals.

        Raises:
            NotFoundError: there is no such setting; the message lists those that there are.
            RamgnnError: a value is of another kind.
        """
        kinds, checked = self._kinds(), {}
        for name, value in settings.items():
            if name not in kinds:
                hint = f"its settings are {', '.join(kinds)}" if kinds else "it has no settings"
                raise NotFoundError(f"setting of {self.name} called", name, get_close_matches(name, kinds), hint)
            checked[name] = _of_kind(value, kinds[name], f"{name}={value}")
        return checked

    def _kinds(self) -> dict[str, str]:
        """The annotation of each setting as text, such as ``"int | None"``; empty where there is none."""
        if self.trained:
            return {f.name: _as_text(f.type) for f in dataclasses.fields(self.settings_class)}
        parameters = inspect.signature(self.fits).parameters
        return {name: _as_text(p.annotation) for name, p in parameters.items() if name not in ("dataset", "seed")}

    def scorer_class(self) -> type | None:
        """The class of the scorer that fitting gives back, as far as the code says so."""
        if self.trained:
            return self.fits
        returned = get_type_hints(self.fits).get("return")
        return returned if isinstance(returned, type) else None


def _as_text(annotation: Any) -> str:
    """An annotation as it is written; empty for none."""
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _of_kind(value: Any, kind: str, text: str) -> Any:
    """A value of the kind that a setting is annotated with.

    Raises:
        RamgnnError: it is of another kind; `text` is the whole assignment.
    """
    words = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a name", "None": "none"}
    kinds = kind.split(" | ")
    if not set(kinds) <= set(words) or type(value).__name__.removesuffix("Type") in kinds:
        return value  # an annotation that is none of these is the function's own business
    if "float" in kinds and isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    if "int" in kinds and isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise RamgnnError(f"cannot read {text!r}; expected {' or '.join(words[k] for k in kinds)}")


_BASELINES: dict[str, Baseline] = {}


def register(name: str, settings: type | None = None) -> Callable[[Fits], Fits]:
    """Register a closed form's ``fit`` or, with its dataclass of settings, a `ramgnn.baselines.fitting.Model`.

    Raises:
        RamgnnError: another model has the name already (a cell of a notebook that is run again is no other model), or
            a class comes without settings that can be made from nothing and say how many epochs.
    """

    def add(fits: Fits) -> Fits:
        if isinstance(fits, type) or settings is not None:
            _check_trained(fits, settings)
        if not fits.__module__.startswith(PACKAGE):
            _import_all()  # a name that the package has is refused here, not when its module is imported one day
        if name == "ram-gnn":
            raise RamgnnError("the name 'ram-gnn' is that of the model of this package; choose another one")
        before = _BASELINES.get(name)
        if before is not None and _place(before.fits) != _place(fits):
            raise RamgnnError(f"the name {name!r} is taken by {'.'.join(_place(before.fits))}; choose another one")
        _BASELINES[name] = Baseline(name, fits, settings)
        return fits

    return add


def _check_trained(fits: Callable[..., Any], settings: type | None) -> None:
    """Refuse what would only fail, or give back an untrained model, once it is fitted."""
    called = fits.__qualname__
    if not isinstance(fits, type):
        raise RamgnnError(f"{called} is a function, whose settings are its parameters; leave out settings=")
    if not dataclasses.is_dataclass(settings):
        raise RamgnnError(f"{called} is a class; register it with its dataclass: @register(name, settings=Settings)")
    fields = dataclasses.fields(settings)
    bare = [f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING and f.init]
    if bare or "epochs" not in {f.name for f in fields}:
        missing = f"a default for {', '.join(bare)}" if bare else "epochs, how many to train by default"
        raise RamgnnError(f"{settings.__qualname__} of {called} needs {missing}")


def _place(fits: Callable[..., Any]) -> tuple[str, str]:
    return fits.__module__, fits.__qualname__


def names() -> dict[str, str]:
    """Every registered baseline with one line on it."""
    _import_all()
    return {name: _BASELINES[name].about for name in sorted(_BASELINES)}


def get(name: str) -> Baseline:
    """The baseline of that name.

    Raises:
        NotFoundError: there is none.
    """
    if name not in _BASELINES:
        _import_all()
    if name not in _BASELINES:
        hint = (
            f"the baselines are {', '.join(sorted(_BASELINES))}; one of your own is known once its module is imported"
        )
        raise NotFoundError("baseline", name, get_close_matches(name, _BASELINES), hint)
    return _BASELINES[name]


def _import_all() -> None:
    """Import every module of `ramgnn.baselines`, so that all have registered themselves."""
    import ramgnn.baselines as package

    for module in pkgutil.iter_modules(package.__path__):
        if not module.ispkg:
            import_module(f"{package.__name__}.{module.name}")
