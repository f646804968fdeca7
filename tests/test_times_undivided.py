"""Dates written as one number are read as dates, refused or doubted; counters and seconds stay what they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from ramgnn.datasets import from_frames
from ramgnn.datasets.frames.notes import is_doubt
from ramgnn.datasets.frames.times import read_times
from ramgnn.errors import DataError
from tests.test_times import ROWS, refused, seconds


def read(cells, time_format=None, dtype=object):
    """Times of a column, their kind, and all notes."""
    notes = []
    column = pd.Series(cells, index=range(2, len(cells) + 2), dtype=dtype)
    values, kind = read_times(column, ROWS, notes, time_format=time_format)
    return values.tolist(), kind, notes


WEEKS = [datetime(2022, 10, 3, 12, tzinfo=UTC) + timedelta(days=7 * n) for n in range(60)]


@pytest.mark.parametrize(
    "form",
    ["%d%m%y", "%m%d%y", "%m%Y", "%m.%Y", "%y%m%d%H%M%S", "%y%m%d%H%M", "%d%m%y%H%M", "%d%m%Y%H%M", "%d%m%Y%H%M%S",
     "%Y%d%m"],
)  # fmt: skip
@pytest.mark.parametrize("zeros", ["kept", "lost"])
def test_forms_whose_numbers_are_in_another_order(form, zeros):
    cells = [week.strftime(form) for week in WEEKS]
    if zeros == "lost":
        cells = [cell.lstrip("0") for cell in cells]
    values, kind, notes = read(cells)
    assert kind == "seconds" and values == sorted(values) and len(notes) == 1
    assert values[0] in (seconds(2022, 10, 3, 12), seconds(2022, 10, 3), seconds(2022, 10, 1))
    assert "time_format='order' would take them as plain numbers" in notes[0]
    assert read(cells, "order")[1] == "order" and read(cells, form)[0] == values


def test_integers_that_would_be_seconds():
    cells = [int(week.strftime("%y%m%d%H%M")) - 5 * 10**8 for week in WEEKS]  # of 2017
    values, kind, notes = read(cells, dtype="int64")
    assert kind == "seconds" and values[0] == seconds(2017, 10, 3, 12), notes


@pytest.mark.parametrize("form", ["%y%m%d", "%Y%m", "%Y.%m"])
def test_the_same_order_either_way(form):
    values, kind, notes = read([week.strftime(form) for week in WEEKS])
    assert kind == "order" and values == sorted(values) and not any(map(is_doubt, notes))


def test_two_readings_are_refused_and_each_can_be_said():
    days = [datetime(2023, month, day, tzinfo=UTC) for month in range(1, 13) for day in (1, 5, 9, 12)]
    cells = [day.strftime("%d%m%y") for day in days]
    error = refused(cells, "050123", "no other time of the column tells which", line=3)
    for form in ("%d%m%y", "%m%d%y", "order"):
        assert f"time_format={form!r}" in error.fix
        assert len(read(cells, form)[0]) == len(cells)


def test_few_may_be_so_by_chance():
    for cells, form in ((["311223", "010124"], "%d%m%y"), (["010224", "020124"], "%d%m%y")):
        values, kind, notes = read(cells)
        assert kind == "order" and is_doubt(notes[0]) and f"time_format={form!r}" in notes[0]
        assert read(cells, form)[0][0] != values[0] and not any(map(is_doubt, read(cells, "order")[2]))
    notes = read(["240101120000"])[2]
    assert is_doubt(notes[0]) and "time_format='milliseconds' if they are not" in notes[0]
    assert not any(map(is_doubt, read(["240101120000"], "milliseconds")[2]))


def test_a_day_and_a_month_without_a_year():
    notes = read(["31.01", "01.02", "15.11", "02.12"])[2]
    assert is_doubt(notes[0]) and "write them with the year" in notes[0]


def test_a_month_that_lost_its_zero():
    error = refused(["2024.1", "2024.2", "2024.11", "2024.9"], "January or October", line=2)
    assert "time_format='%Y.%m'" in error.fix
    assert read(["2024.1", "2024.2", "2024.11"], "%Y.%m")[0][0] == seconds(2024, 1, 1)
    values, kind, _ = read(["2024.1", "2024.2", "2024.10", "2023.12"])
    assert values[:3] == [seconds(2024, month, 1) for month in (1, 2, 10)] and kind == "seconds"


def test_most_are_dates():
    cells = [week.strftime("%d%m%y") for week in WEEKS]
    refused([*cells[:30], "310223", *cells[30:]], "'310223' is no time", "most are day, month, year", line=32)


@pytest.mark.parametrize(
    "numbers",
    [
        range(2000), range(1, 300, 7), range(10_100, 11_000), range(120_101, 120_132), range(10_101, 10_400, 3),
        np.random.default_rng(1).integers(0, 10**6, 40), [105, 120, 205], [1.5, 2.25, 3.75], [42_930.5, 42_931.25],
        [5.1, 12.05, 30.2], [202_401, 202_312], [2017, 2015, 2016],
    ],
)  # fmt: skip
def test_counters_stay_an_order(numbers):
    cells = [str(number) for number in numbers]
    values, kind, notes = read(cells)
    assert kind == "order" and not any(map(is_doubt, notes)), notes
    assert np.argsort(values, kind="stable").tolist() == np.argsort(numbers, kind="stable").tolist()


def test_seconds_stay_seconds():
    for seed in range(20):
        cells = np.random.default_rng(seed).integers(10**9, 1_700_000_000, 12)
        assert read([str(cell) for cell in cells])[0] == cells.tolist()
        assert read(cells, dtype="int64")[0] == cells.tolist()


def test_the_latest_is_held_out():
    rows = pd.DataFrame({"user": ["ann"] * 60, "item": range(60), "date": [f"{week:%d%m%y}" for week in WEEKS]})
    dataset = from_frames(rows)
    assert dataset.item_ids[dataset.test["item"].iloc[0]] == "59"
    rows["date"] = [f"{week:%d%m%y}" for week in WEEKS[:59]] + ["310223"]
    with pytest.raises(DataError, match="310223"):
        from_frames(rows)
