"""RAM-GNN rebuilt: recommendations from multi-relational graphs, with reasons.

From data frames to recommendations:

    import ramgnn

    data = ramgnn.from_frames(interactions, items, users)     # or ramgnn.load("movietweetings"), load("data/ml-1m")
    model = ramgnn.fit(data)                                  # or ramgnn.fit(data, "ease"), "itemknn", "lightgcn", …
    print(ramgnn.evaluate(model).table())                     # HR, MRR, NDCG on held-out items, with intervals
    recommendations = model.recommend()                       # a data frame: the ten best items for every user
    print(model.explain("ann", "Alien (1979)"))               # why this item?
    ramgnn.save(model, "runs/mine")                           # ramgnn.load_run("runs/mine") reads it again

`interactions` needs a column of users and one of items, and may have one of times; `items` and `users` have one row
each, and their other columns are what is known of them. Columns are recognised by their names, or named: see
``help(ramgnn.from_frames)``. A cell may hold several values: a list, or text such as ``"Horror, Sci-Fi"``.

    model.recommend("ann", n=5)         for one user, or a list of users
    model.similar_items("m1")           items like this one
    model.score("ann", ["m1", "m2"])    how well items suit a user
    ramgnn.compare(model, other)        which of two models is better, and could chance do that?
    ramgnn.datasets.names()             the data sets that `load` knows
    data.notes                          what was decided about your data, dropped or derived

What `fit` takes beside the data, and where it is listed:

    ramgnn.fit(data, "ease")            ramgnn.baselines.names(): the models to compare with, beside "ram-gnn"
    ramgnn.fit(data, config="temporal") ramgnn.readings.CONFIGS: the paper's model, or the one with a clock, which
                                        own data that say when get by default
    ramgnn.fit(data, encoder="gcn")     from ramgnn.baselines.encoders import ENCODERS: what pre-trains in its place
    settings={"pretrain.dim": 32}       ramgnn.Config.names(); what each means: help(ramgnn.config.PretrainConfig) and
                                        help(ramgnn.config.FinetuneConfig)
    {"finetune.loss": "bpr"}            ramgnn.losses.PAIRWISE and LISTWISE

One of your own gets a name by a line above it: ``@ramgnn.baselines.register("name")`` a baseline,
``@register_encoder("name")``, which stands beside `ENCODERS`, an encoder or other layers of RAM-GNN (`ramgnn.encoder`),
``@ramgnn.losses.pairwise_loss("name")`` or ``listwise_loss`` a loss. ``book/own_parts.md`` shows each.

Nothing heavy is imported until it is used. The model itself, equation by equation, is in `ramgnn.attention`, `sampler`,
`encoder`, `pretrain` and `recommender`; the command line is ``ramgnn --help``.
"""

from importlib import import_module

__version__ = "0.1.0"

_FACE = {
    "load": "api",
    "from_frames": "api",
    "fit": "api",
    "evaluate": "api",
    "compare": "api",
    "save": "api",
    "load_run": "api",
    "Config": "config",
}

__all__ = ["Config", "baselines", "compare", "datasets", "evaluate", "fit", "from_frames", "load", "load_run", "save"]


def __getattr__(name: str):
    """A part of the face, or a module, imported when it is first asked for."""
    if name in _FACE:
        value = getattr(import_module(f"{__name__}.{_FACE[name]}"), name)
    elif name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    else:
        try:
            value = import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
