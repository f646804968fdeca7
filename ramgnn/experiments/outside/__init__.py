"""The baselines beside other people's implementations of them, on the same interactions of ML-100K.

`table` reads what was found and needs none of the libraries. ``python -m ramgnn.experiments.outside`` makes the checks;
each library is installed into an environment of its own, for none is a dependency of this package. Where no library
has a model, its authors' code was read: `CODE_READ`.
"""

from ramgnn.experiments.outside.code_read import CODE_READ, CodeRead
from ramgnn.experiments.outside.stored import all_made, table

__all__ = ["CODE_READ", "CodeRead", "all_made", "table"]
