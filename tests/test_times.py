"""Times in every form that people export: read as what they are, or refused with the line; never silently otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ramgnn.datasets import from_frames
from ramgnn.datasets.frames.table import Origin
from ramgnn.datasets.frames.times import check_time_format, read_times
from ramgnn.errors import DataError

ROWS = Origin("rows.csv", Path("rows.csv"), 1)
JULY = 1_500_001_000  # 2017-07-14 02:56:40
DAY = 86_400


def times(cells, time_format=None, missing=(), dtype=object):
    """Times of a column whose first row stands on line 2, their kind and the note."""
    column = pd.Series(cells, index=range(2, len(cells) + 2), dtype=dtype)
    notes = []
    values, kind = read_times(column, ROWS, notes, time_format=time_format, missing=missing)
    assert values.dtype == np.int64
    return values.tolist(), kind, notes[-1]


def seconds(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp())


def refused(cells, *words, line, **options):
    with pytest.raises(DataError) as caught:
        times(cells, **options)
    assert caught.value.line == line and caught.value.expected and caught.value.fix
    for word in words:
        assert word in str(caught.value), str(caught.value)
    return caught.value


NOON, FIRST, AUGUST = seconds(2017, 7, 14, 12, 30), seconds(2017, 7, 14), seconds(2017, 8, 1)


@pytest.mark.parametrize(
    "cells, expected, words",
    [
        (["20170714", "20170801"], [FIRST, AUGUST], "year, month, day, 20170714 = 2017-07-14"),
        (["14072017", "1082017"], [FIRST, AUGUST], "day, month, year, 14072017 = 2017-07-14"),
        (["07142017", "08012017"], [FIRST, AUGUST], "month, day, year"),
        (["20170714123005", "20170714000000"], [NOON + 5, seconds(2017, 7, 14)], "hour, minute, second"),
        (["201707141230", "201707140000"], [NOON, seconds(2017, 7, 14)], "hour, minute"),
        (["2017071412"], [seconds(2017, 7, 14, 12)], "day, hour"),
        (["14/07/2017", "01/08/2017"], [FIRST, AUGUST], "day/month/year, 14/07/2017 = 2017-07-14"),
        (["07/14/2017", "8/1/2017"], [FIRST, AUGUST], "month/day/year"),
        (["14.07.2017 12:30", "1.8.2017 00:00"], [NOON, seconds(2017, 8, 1)], "day/month/year"),
        (["01.08.2017", "02.08.2017"], [AUGUST, seconds(2017, 8, 2)], "with dots (time_format='monthfirst' would"),
        (["14-07-2017 12:30:05"], [NOON + 5], "day/month/year"),
        (["25/12/17", "31/01/18"], [seconds(2017, 12, 25), seconds(2018, 1, 31)], "day/month/year"),
        (["14-Jul-2017", "1-Aug-2017"], [FIRST, AUGUST], "name of the month"),
        (["14 July 2017 12:30"], [NOON], "name of the month"),
        (["July 14, 2017", "Aug 1, 2017"], [FIRST, AUGUST], "name of the month"),
        (["Fri, 14 Jul 2017 12:30:00 GMT"], [NOON], "name of the month"),
        (["Fri Jul 14 12:30:00 +0000 2017"], [NOON], "name of the month"),
        (["Fri Jul 14 12:30:00 2017"], [NOON], "name of the month"),
        (["Fri Jul 14 2017 14:30:00 GMT+0200 (CEST)"], [NOON], "name of the month"),
        (["7/14/2017, 12:30:00\u202fPM"], [NOON], "month/day/year"),
        (["2017-07-14T14:30:00.000+0200"], [NOON], "dates"),
        (["2017-07-14 12:30 PM", "2017-07-14 12:30 am"], [NOON, NOON - DAY // 2], "year/month/day"),
        (["07/14/2017 2:30 PM", "12/30/2017 11:00 AM"], [NOON + 7200, seconds(2017, 12, 30, 11)], "month/day/year"),
        (["2017-07-14 12:30:00 UTC"], [NOON], "year/month/day"),
        (["14/07/2017 14:30 +02:00"], [NOON], "day/month/year"),
        (["2017-07-14 12:30", "2017-07-14T12:30:00Z"], [NOON, NOON], "dates; from 2017-07-14 12:30:00"),
        (["2017/7/14"], [FIRST], "dates"),
        (["2017-7-14", "2017-8-1", "2017-7-1"], [FIRST, AUGUST, seconds(2017, 7, 1)], "dates"),
        (["2017-07-14 12:30:00.5", "2017-07-14 12:30:00.25", "2017-07-14 12:30:00"], [NOON] * 3, "dates"),
        ([str(JULY)], [JULY], f"seconds since 1970, {JULY} = 2017-07-14 02:56:40"),
        ([f"{JULY}123"], [JULY], "milliseconds since 1970"),
        ([f"{JULY}123456"], [JULY], "microseconds since 1970"),
        ([f"{JULY}123456789"], [JULY], "nanoseconds since 1970"),
        ([f"{JULY}.75"], [JULY], "seconds since 1970"),
        (["789652009", "1510000000"], [789652009, 1510000000], "seconds since 1970"),  # nine digits in 1995
    ],
)  # fmt: skip
def test_forms(cells, expected, words):
    values, kind, note = times(cells)
    assert (values, kind) == (expected, "seconds")
    assert note.startswith("times of rows.csv: ") and words in note and "UTC" in note


@pytest.mark.parametrize(
    "cells", [["1", "2", "1000"], ["0", "7"], ["-0.5", "0.25", "1e3"], ["42930.5", "42931"], ["170714"]]
)
def test_an_order(cells):
    values, kind, note = times(cells)
    assert kind == "order" and values == list(range(1, len(cells) + 1))
    assert f"numbers that say what came first, such as {cells[0]}" in note and "time_format='seconds'" in note


def test_years_are_an_order_and_said_to_be_one():
    values, kind, note = times(["2017", "2015", "2017"])
    assert (values, kind) == ([2, 1, 2], "order") and "years such as 2017" in note


@pytest.mark.parametrize(
    "cells, line, words",
    [
        ([str(JULY), f"{JULY}000", str(JULY + 5)], 3, (f"'{JULY}000' (line 3)", f"most are like {JULY}")),
        ([str(JULY), str(JULY + 9), "15000"], 4, ("'15000' (line 4)", "cut off")),
        ([str(JULY), str(JULY + 9), str(JULY)[:-1]], 4, ("cut off",)),
        ([str(JULY), "0", str(JULY + 9)], 3, ("'0' (line 3)",)),
        ([f"{JULY}000", f"{JULY}0", f"{JULY}000"], 3, (f"'{JULY}0' (line 3)",)),
        (["20000000000", "20000000001"], 2, ("'20000000000' (line 2)", "not between 1970 and the end of next year")),
        (["636356160000000000"], 2, ("not between 1970",)),  # ticks of .NET
        (["20170714", "20170715", "2017071"], 4, ("'2017071' is no time", "most are year, month, day")),
        (["20170714", "20170231", "20170715"], 3, ("'20170231' is no time",)),
        ([str(2**63), "1"], 2, ("is no time", "2^63")),
        ([str(JULY), str(2**64 + 5)], 3, ("2^63",)),
        (["1e300", "1"], 2, ("2^63",)),
        (["1.5E+09", "1.5E+09"], 2, ("rounded",)),
        (["1500001000", "1.5E+09", "1.51E+09"], 3, ("rounded",)),
        (["03/04/2017", "05/06/2017"], 2, ("2017-04-03 or 2017-03-04", "time_format='dayfirst'", "'monthfirst'")),
        (["03042017", "05062017"], 2, ("time_format='%d%m%Y' or time_format='%m%d%Y'",)),
        (["14/07/17"], 2, ("2017-07-14 or 2014-07-17", "%d/%m/%y")),
        (["14/07/2017", "07/14/2017", "15/07/2017"], 3, ("'07/14/2017' is no time", "day/month/year")),
        (["14/07/2017", "31/06/2017"], 3, ("'31/06/2017' is no time",)),
        (["2024-05-01", "2024-05-02", "9999-12-31"], 4, ("'9999-12-31' is no time",)),
        (["14/07/2017", "15/07/2017", "15/07/20"], 4, ("'15/07/20' is no time",)),
        (["2017-07-14", "2017-07-15", "2017-07-1"], 4, ("'2017-07-1' is no time", "cut off")),
        (["2017-07-14", "2017-07-15", "2017-07"], 4, ("'2017-07' is no time",)),
        (["2017-07-14", "2017-07", "2017-07-15"], 3, ("'2017-07' is no time",)),
        (["2017-07-14 12:30:05", "2017-07-15 01:00:00", "2017-07-15 01:0"], 4, ("is no time",)),
        (["2017-07-14 12:30:05", "2017-07-15 01:00:00", "2017-07-15 01:00"], 4, ("cut off",)),
        (["2017-07-14 12:30:05", "2017-07-15 01:00:00", "2017-07-15"], 4, ("cut off",)),
        (["14/07/2017 12:30", "15/07/2017 12:30", "16/07/2017"], 4, ("cut off",)),
        (["now", "today"], 2, ("'now' is no time",)),
        (["12:30", "12:31"], 2, ("is no time",)),
        (["2017-07-14 25:00"], 2, ("is no time",)),
        (["2017-07-14 14:30 PM"], 2, ("is no time",)),
        ([str(JULY), "NULL", "?"], 3, ("the time is missing: 'NULL'", "1 other line")),
        ([str(JULY), "never"], 3, ("the time is missing",)),
    ],
)  # fmt: skip
def test_what_is_refused(cells, line, words):
    missing = frozenset({"never"})
    refused(cells, *words, line=line, missing=missing)


def test_what_was_refused_can_be_said():
    assert times(["03/04/2017", "05/06/2017"], "dayfirst")[0] == [seconds(2017, 4, 3), seconds(2017, 6, 5)]
    assert times(["03/04/2017", "05/06/2017"], "monthfirst")[0] == [seconds(2017, 3, 4), seconds(2017, 5, 6)]
    assert times(["03042017", "1042017"], "%d%m%Y")[0] == [seconds(2017, 4, 3), seconds(2017, 4, 1)]
    assert times(["14/07/17"], "%d/%m/%y")[0] == [seconds(2017, 7, 14)]
    assert times(["0", "20000000000"], "seconds")[0] == [0, 20_000_000_000]
    assert times(["5", "20000000000"], "order")[:2] == ([1, 2], "order")
    assert times([f"{JULY}000", f"{JULY}0"], "milliseconds")[0] == [JULY, JULY // 100]
    assert times(["14.07.2017 12h30"], "%d.%m.%Y %Hh%M")[0] == [NOON]
    refused(["14.07.2017", "2017"], "'2017' is no time", line=3, time_format="%d.%m.%Y")
    refused(["14/07/2017", "07/14/2017"], "'07/14/2017' is no time", line=3, time_format="dayfirst")
    refused(["yesterday", "5"], "'yesterday' is no time", line=2, time_format="seconds")


def test_what_is_no_form_of_times():
    for form in ("yesterday", "mixed", "%Y %Q", "%d/%m", "", 5):
        with pytest.raises(DataError, match="is no form of times"):
            from_frames(pd.DataFrame(), time_format=form)
    with pytest.raises(DataError, match="did you mean 'dayfirst'"):
        check_time_format("day-first")


def test_a_day_that_is_its_month_has_one_reading():
    assert times(["01/01/2017", "02/02/2017"])[0] == [seconds(2017, 1, 1), seconds(2017, 2, 2)]


def test_times_to_come_are_a_doubt():
    late = datetime.now(UTC).year + 3
    assert times([f"{late}-01-01"])[2].doubt and "yet to come" in times([f"{late}-01-01"])[2]
    assert not times(["2017-01-01"])[2].doubt


def test_integers_of_a_frame():
    assert times([JULY, JULY + 1], dtype="int64")[0] == [JULY, JULY + 1]
    refused([JULY, 2**63], "2^63", line=3, dtype="uint64")
    refused([JULY, 15000], "'15000' (line 3)", line=3, dtype="int64")
    assert times([14072017, 1082017], dtype="int64")[0] == [FIRST, AUGUST]


FORMS = {
    "%Y-%m-%d %H:%M:%S": 1, "%Y%m%d%H%M%S": 1, "%Y%m%d": DAY, "%d%m%Y": DAY, "%d/%m/%Y": DAY, "%m/%d/%Y": DAY,
    "%d.%m.%Y %H:%M": 60, "%m/%d/%Y %I:%M %p": 60, "%d-%b-%Y": DAY, "%B %d, %Y": DAY, "%a %b %d %H:%M:%S +0000 %Y": 1,
    "%a, %d %b %Y %H:%M:%S GMT": 1,
}  # fmt: skip
moments = st.integers(seconds(1996, 1, 1), seconds(2024, 1, 1))


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(FORMS)), st.lists(moments, min_size=1, max_size=8))
def test_written_in_any_form_they_are_read_back_or_refused(form, instants):
    instants = [instant - instant % FORMS[form] for instant in instants]
    cells = [datetime.fromtimestamp(instant, UTC).strftime(form) for instant in instants]
    try:
        values, kind, _ = times(cells)
    except DataError as error:
        assert "%d" in form and "%m" in form, error  # day and month, which may be unclear
        assert all(int(cell[:2]) <= 12 and int(cell[2:].strip("/.")[:2]) <= 12 for cell in cells), error
        assert times(cells, form)[0] == instants, "what the error asks for"
        return
    assert (values, kind) == (instants, "seconds")


def test_a_single_number_that_may_be_seconds_is_seconds():
    assert times(["1013711200"])[:2] == ([1013711200], "seconds")  # by month, day and year it would be 10/13/71, 12:00
    parts = zip((10, 11, 12) * 2, range(13, 19), range(71, 77), strict=True)
    several = [f"{month}{day}{year}0915" for month, day, year in parts]
    assert times(several)[0][0] < 10**9, "six of them are no chance"


@settings(deadline=None, max_examples=40)
@given(st.lists(moments, min_size=1, max_size=8), st.sampled_from([0, 3, 6, 9]), st.integers(0, 999))
def test_every_unit_is_read_back(instants, digits, fraction):
    cells = [f"{instant}{str(fraction).zfill(3) * (digits // 3)}" for instant in instants]
    assert times(cells)[:2] == (instants, "seconds")


@settings(deadline=None, max_examples=40)
@given(st.lists(moments, min_size=3, max_size=12, unique=True), st.integers(1, 9), st.data())
def test_a_cut_number_is_never_read(instants, n, data):
    assume(max(instants) < 2 * min(instants))
    cells = [str(instant) for instant in instants]
    at = data.draw(st.integers(0, len(cells) - 1))
    cells[at] = cells[at][: len(cells[at]) - n]
    assume(cells[at])
    refused(cells, line=at + 2)


def test_a_second_that_is_round_in_r_is_no_rounded_one():
    cells = [str(JULY + n) for n in range(40)]
    assert times([*cells, "1.5e+09"])[0] == [*map(int, cells), 1_500_000_000]


@pytest.mark.parametrize("zone", ["Z", "+02:00", "+0200", " UTC", " GMT+0200 (CEST)", "+02"])
def test_times_with_and_without_a_zone_are_a_doubt(zone):
    for with_zone in ("2017-07-14T12:30:00", "2017-07-14 12:30:05.25"):
        if zone in (" GMT+0200 (CEST)",):
            with_zone = "14/07/2017 12:30"
        without = with_zone.replace("14", "15", 1)
        notes = []
        cells = pd.Series([with_zone + zone, without, without, with_zone + zone], index=range(2, 6), dtype=object)
        values, kind = read_times(cells, ROWS, notes)
        assert kind == "seconds" and len(notes) == 2 and notes[0].doubt and not notes[1].doubt, notes
        assert f"2 of 4 times of rows.csv have no zone, while others have one: {without!r} (line 3)" in notes[0]
        for some in (cells.iloc[[0, 3]], cells.iloc[[1, 2]]):
            alone = []
            read_times(some, ROWS, alone)
            assert len(alone) == 1 and not alone[0].doubt


@pytest.mark.parametrize(
    ("with_zone", "without"),
    [
        ("20170714T123000Z", "20170715T123000"), ("2017-07-14T12+02", "2017-07-15T12"),
        ("14/07/2017 2:30 PM +02:00", "15/07/2017 2:30 PM"),
        ("Fri Jul 14 12:30:00 +0000 2017", "Sat Jul 15 12:30:00 2017"),
        ("Fri, 14 Jul 2017 12:30:00 GMT", "Sat, 15 Jul 2017 12:30:00"),
    ],
)  # fmt: skip
def test_zones_are_seen_in_every_form(with_zone, without):
    notes = []
    read_times(pd.Series([with_zone, without], index=[2, 3], dtype=object), ROWS, notes)
    assert len(notes) == 2 and notes[0].doubt and "1 of 2 times" in notes[0]


def test_dates_of_a_frame_with_and_without_a_zone():
    noon = datetime(2017, 7, 14, 12)
    rows = pd.DataFrame({"user": list("aabb"), "item": list("xyxy"), "time": [noon, noon.replace(tzinfo=UTC)] * 2})
    assert sum("have no zone" in note and note.doubt for note in from_frames(rows).notes) == 1


def test_zones():
    for hours in (-11, -3, 0, 5, 13):
        zone = timezone(timedelta(hours=hours))
        cell = datetime.fromtimestamp(JULY, zone).strftime("%d/%m/%Y %H:%M:%S %z")
        assert times([cell])[0] == [JULY], cell
