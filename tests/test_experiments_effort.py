"""What was spent on each row of a table."""

from __future__ import annotations

from ramgnn.experiments.effort import CAPPED, UNTUNED, effort, handicaps
from ramgnn.experiments.lineup import CAPPED as SPECS
from ramgnn.experiments.store import Store, Trial
from ramgnn.experiments.tables import table


def test_handicaps_are_told():
    assert handicaps(SPECS["ram-gnn as printed"], 22) == [UNTUNED]
    assert handicaps(SPECS["ram-gnn"], 36) == handicaps(SPECS["popularity"], 0) == []
    assert handicaps(SPECS["single"], 36) == []  # has the settings of the whole
    assert handicaps(SPECS["rcf"], 33) == ["cut to 20 interactions a user an epoch"]
    assert handicaps(SPECS["rcf"], 60)[1:] == [CAPPED]
    assert handicaps(SPECS["mf"], 90) == [] and handicaps(SPECS["mf"], 91) == [CAPPED]


def test_effort_counts_trials_and_names_what_was_chosen(tmp_path):
    store = Store(tmp_path)
    for number, (value, epochs, state) in enumerate([(0.1, 7, "complete"), (0.3, 99, "complete"), (0.4, 5, "pruned")]):
        store.put_trial("ml-100k", "mf", Trial(number, {}, value, epochs, state, 1.0, {}), {})
    found = effort(table("table3"), store, "ml-100k")
    assert list(found.index) == ["MF-BPR"]
    row = found.loc["MF-BPR"]
    assert (row.trials, row.pruned, row.epochs, row.cap, row.patience, row.runs) == (3, 1, 99, 100, 10, 0)
    assert row.settings == 4 and row.mind == CAPPED
