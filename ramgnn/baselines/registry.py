"""Baselines by name. Each registers itself in the one file that holds it; yours may do the same.

A closed form is a function that gives back a scorer, a frozen dataclass of arrays::

    @register("most recent")
    def fit(dataset: RecDataset, half_life: float = 30.0) -> MostRecent: ...

A model that is trained epoch by epoch is a subclass of `ramgnn.baselines.fitting.Model` with settings::

    @register("my model", settings=Settings, least={"dim": 1, "lr": 0, "epochs": 0})
    class MyModel(fitting.Model): ...

`least` says from where on each number is possible, so that an impossible one is refused before anything is fitted.
"""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from typing import Any, TypeVar, get_type_hints

from ramgnn import arguments
from ramgnn.errors import NotFoundError, RamgnnError

PACKAGE = "ramgnn.baselines."
NOT_SETTINGS = ("dataset", "seed", "progress", "max_gb")  # parameters of a closed form that change no result, and seeds
Factory = TypeVar("Factory", bound=Callable[..., Any])


@dataclass(frozen=True)
class Baseline:
    """A registered model.

    Attributes:
        name: what it is called by.
        factory: the function of a closed form, or the class of a model that is trained.
        settings_class: the dataclass of settings of a model that is trained; None for a closed form.
        least: the least value of each setting that has one.
        shares: the settings that are shares to leave out, from 0 up to below 1.
    """

    name: str
    factory: Callable[..., Any]
    settings_class: type | None = None
    least: Mapping[str, float] = field(default_factory=dict)
    shares: Sequence[str] = ()

    @property
    def trained(self) -> bool:
        """Whether it is trained epoch by epoch; otherwise it is a closed form."""
        return self.settings_class is not None

    @property
    def of_package(self) -> bool:
        """Whether it is one of this package, not somebody's own."""
        return self.factory.__module__.startswith(PACKAGE)

    @property
    def summary(self) -> str:
        """One line: the first of its docstring; of its module's for those of this package, which have a file each."""
        text = self.factory.__doc__ or ""
        if self.of_package:
            text = sys.modules[self.factory.__module__].__doc__ or text
        return inspect.cleandoc(text).split("\n")[0]

    def defaults(self) -> dict[str, Any]:
        """All settings with the values that they have unless something else is said."""
        if self.trained:
            return dataclasses.asdict(self.settings_class())
        parameters = inspect.signature(self.factory).parameters
        known = {k: p.default for k, p in parameters.items() if p.default is not p.empty and k not in NOT_SETTINGS}
        return known

    @property
    def seeded(self) -> bool:
        """Whether the result depends on a seed."""
        return self.trained or "seed" in inspect.signature(self.factory).parameters

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, where all are known and possible; text is read, and whole numbers do for decimals.

        Raises:
            NotFoundError: there is no such setting; the message lists those that there are.
            RamgnnError: a value is of another kind, or a number is none that the setting can have.
        """
        kinds, checked = self.kinds(), {}
        for name, value in arguments.mapping("settings", settings, '{"dim": 32}').items():
            if name not in kinds:
                hint = f"its settings are {', '.join(kinds)}" if kinds else "it has no settings"
                raise NotFoundError(f"setting of {self.name} called", name, get_close_matches(name, kinds), hint)
            checked[name] = value = arguments.read_setting(value, kinds[name], f"{name}={value}")
            arguments.check_most(name, value)
            if name in self.least:
                arguments.check_least(name, value, self.least[name])
            if name in self.shares:
                arguments.check_share(name, value)
        return checked

    def kinds(self) -> dict[str, str]:
        """The annotation of each setting as text, such as ``"int | None"``; empty where there is none."""
        if self.trained:
            return {f.name: arguments.annotation(f.type) for f in dataclasses.fields(self.settings_class)}
        parameters = inspect.signature(self.factory).parameters
        return {
            name: arguments.annotation(p.annotation)
            for name, p in parameters.items()
            if name not in ("dataset", "seed")
        }

    def scorer_class(self) -> type | None:
        """The class of the scorer that fitting gives back, as far as the code says so."""
        if self.trained:
            return self.factory
        returned = get_type_hints(self.factory).get("return")
        return returned if isinstance(returned, type) else None


_BASELINES: dict[str, Baseline] = {}


def register(
    name: str, settings: type | None = None, least: Mapping[str, float] | None = None, shares: Sequence[str] = ()
) -> Callable[[Factory], Factory]:
    """Register a closed form's ``fit`` or, with its dataclass of settings, a `ramgnn.baselines.fitting.Model`.

    Args:
        name: what it is called by.
        settings: the dataclass of settings of a model that is trained.
        least: the least value of settings that are numbers.
        shares: names of settings that are shares to leave out, from 0 up to below 1.

    Raises:
        RamgnnError: another model has the name already (a cell of a notebook that is run again is no other model), a
            class comes without settings that can be made from nothing and say how many epochs, or `least` or `shares`
            name no setting.
    """
    arguments.registered_name("register", name)

    def add(factory: Factory) -> Factory:
        if not (callable(factory) and hasattr(factory, "__qualname__")):
            raise arguments.wrong(f"the baseline {name!r}", factory, "a function of a data set, or a class")
        if isinstance(factory, type) or settings is not None:
            _check_trained(factory, settings)
        if not factory.__module__.startswith(PACKAGE):
            _import_all()  # a name that the package has is refused here, not when its module is imported one day
        if name == "ram-gnn":
            raise RamgnnError("the name 'ram-gnn' is that of the model of this package; choose another one")
        before = _BASELINES.get(name)
        if before is not None and _full_name(before.factory) != _full_name(factory):
            raise RamgnnError(f"the name {name!r} is taken by {_full_name(before.factory)}; choose another one")
        baseline = Baseline(name, factory, settings, dict(least or {}), tuple(shares))
        if unknown := [x for x in (*baseline.least, *shares) if x not in baseline.kinds()]:
            raise RamgnnError(f"{name} has no setting {unknown[0]!r}; its settings are {', '.join(baseline.kinds())}")
        _BASELINES[name] = baseline
        return factory

    return add


def _check_trained(factory: Callable[..., Any], settings: type | None) -> None:
    """Refuse what would only fail, or give back an untrained model, once it is fitted."""
    called = factory.__qualname__
    if not isinstance(factory, type):
        raise RamgnnError(f"{called} is a function, whose settings are its parameters; leave out settings=")
    if not dataclasses.is_dataclass(settings):
        raise RamgnnError(f"{called} is a class; register it with its dataclass: @register(name, settings=Settings)")
    fields = dataclasses.fields(settings)
    bare = [f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING and f.init]
    if bare or "epochs" not in {f.name for f in fields}:
        missing = f"a default for {', '.join(bare)}" if bare else "epochs, how many to train by default"
        raise RamgnnError(f"{settings.__qualname__} of {called} needs {missing}")


def _full_name(factory: Callable[..., Any]) -> str:
    return f"{factory.__module__}.{factory.__qualname__}"


def names() -> dict[str, str]:
    """Every registered baseline with one line on it."""
    _import_all()
    return {name: _BASELINES[name].summary for name in sorted(_BASELINES)}


def get(name: str) -> Baseline:
    """The baseline of that name.

    Raises:
        NotFoundError: there is none.
    """
    arguments.instance("name", name, str, "the name of a baseline")
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
