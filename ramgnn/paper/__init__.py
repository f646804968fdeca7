"""The numbers that the RAM-GNN paper prints, and what can be computed about them. None of them was measured here."""

from ramgnn.paper.audit import (
    attainable,
    dimensions_that_match,
    gain,
    hits,
    hr_violations,
    improvements,
    mrr_violations,
    ndcg_violations,
    pairings,
    runs_needed,
    unattainable,
)
from ramgnn.paper.printed import (
    ABLATIONS,
    CITATION,
    DATA,
    FIGURE4,
    FIGURE5,
    METRICS,
    METRICS_AT_20,
    OURS,
    PRINTED,
    USERS,
    Ordering,
    Printed,
    Threshold,
    printed,
    row,
    table2,
    table3,
    table4,
    table5,
    table6,
)

__all__ = [
    "ABLATIONS", "CITATION", "DATA", "FIGURE4", "FIGURE5", "METRICS", "METRICS_AT_20", "OURS", "PRINTED", "USERS",
    "Ordering", "Printed", "Threshold", "attainable", "dimensions_that_match", "gain", "hits", "hr_violations",
    "improvements", "mrr_violations", "ndcg_violations", "pairings", "printed", "row", "runs_needed", "table2",
    "table3", "table4", "table5", "table6", "unattainable",
]  # fmt: skip
