"""How good are the recommendations: the rank of every held-out item, and HR, MRR and NDCG computed from these ranks.

Each test user has one held-out item. Its rank among the candidates is all that the metrics need, so ranks are what is
computed, stored and compared. The modules, each building on those before it:

- `metrics`: HR, MRR and NDCG of an array of ranks;
- `ranking`: from a scorer to ranks;
- `intervals`: bootstrap intervals over users;
- `record`: `Evaluation`, the ranks of all test users under one model;
- `significance`: a paired test of two evaluations;
- `sessions`: groups of test users by the time since their last training interaction.
"""

from ramgnn.evaluation.intervals import Interval, bootstrap, resampled
from ramgnn.evaluation.metrics import METRICS, columns, gains, hit_rate, metrics, mrr, ndcg
from ramgnn.evaluation.ranking import TIES, rank_test
from ramgnn.evaluation.record import Evaluation, evaluate
from ramgnn.evaluation.sessions import SESSIONS, session_groups
from ramgnn.evaluation.significance import PairedTest, paired_test
from ramgnn.scores import ScoreError, Scorer

__all__ = [
    "METRICS",
    "SESSIONS",
    "TIES",
    "Evaluation",
    "Interval",
    "PairedTest",
    "ScoreError",
    "Scorer",
    "bootstrap",
    "columns",
    "evaluate",
    "gains",
    "hit_rate",
    "metrics",
    "mrr",
    "ndcg",
    "paired_test",
    "rank_test",
    "resampled",
    "session_groups",
]
