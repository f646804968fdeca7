"""Files as people bring them: each is read as it was meant, or refused with its cause and what to type.

From Python and from the shell; advice is followed as it is printed.
"""

from __future__ import annotations

import re
import shlex

import pytest
from brought import HEADERS, advised, brought, items, lines, rows, users

from ramgnn.cli import main
from ramgnn.datasets import reading, tables
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import DataError
from ramgnn.matching import AmbiguousError, find


@pytest.fixture
def own(tmp_path):
    return brought(tmp_path)


def refused(own, *words, line=None, file="items", **options) -> DataError:
    """The error of Python, which names file and line, and what to do in Python's words."""
    with pytest.raises(DataError) as caught:
        tables.load(**own.options, **options)
    error = caught.value
    assert error.file == (str(own.path(file)) if file else None) and error.line == line, error
    assert error.expected and error.fix and "--" not in error.fix
    for word in words:
        assert word in str(error)
    return error


def shell(capsys, *arguments) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def mended(capsys, own, *words, given=()) -> str:
    """What `data check` prints when the options that its error advises are typed as printed."""
    code, _, err = shell(capsys, "data", "check", *own.arguments, *given)
    assert code == 1 and err.startswith("ramgnn: ")
    for word in words:
        assert word in err
    assert not re.search(r"\b[a-z_]+=['{]", err), err
    code, out, err = shell(capsys, "data", "check", *own.arguments, *given, *advised(err))
    assert code == 0, err
    return out


def same_as_base(data: RecDataset, tmp_path, **differences) -> None:
    """The data set is that of the plain files but for its notes and the fields in `differences`."""
    folder = tmp_path / "plain"
    folder.mkdir()
    plain = tables.load(**brought(folder).options)
    assert data.user_ids == differences.get("user_ids", plain.user_ids)
    assert data.item_ids == plain.item_ids
    assert data.item_labels == differences.get("item_labels", plain.item_labels)
    for part in ("train", "test"):
        assert getattr(data, part).equals(getattr(plain, part))
    assert [r.name for r in data.item_relations] == differences.get("relations", [r.name for r in plain.item_relations])
    for one, other in zip(data.item_relations, plain.item_relations, strict=True):
        assert one.lists(len(data.item_ids)) == other.lists(len(data.item_ids))


def test_base(own, tmp_path, capsys):
    same_as_base(tables.load(**own.options), tmp_path)
    assert shell(capsys, "data", "check", *own.arguments)[0] == 0


# ---- quotes ----------------------------------------------------------------------------------------------------------


def weird(n: int = 3) -> list[list[str]]:
    """Items with one title that begins with a quote that belongs to it."""
    cells = items()
    cells[n][1] = f'"Weird" {cells[n][1]}'
    return cells


def test_a_tab_separated_file_with_literal_quotes(own, tmp_path, capsys):
    own.write("items", lines("items", weird(), "\t"), "items.tsv")
    refused(own, "text follows a closing quote", "pass quote=None", line=5)
    data = tables.load(**own.options, quote=None)
    labels = [cells[1] for cells in weird()]
    same_as_base(data, tmp_path, item_labels=tuple(labels))
    assert data.item_labels[3] == '"Weird" Title 3'
    mended(capsys, own, "--quote none", "line 5")


def test_a_literal_quote_that_swallows_lines(own, capsys):
    cells = items()
    cells[3][1] = '"Weird'
    own.write("items", lines("items", cells, "\t"), "items.tsv")
    assert "quote=None" in refused(own, "not closed", line=5).fix
    assert tables.load(**own.options, quote=None).item_labels[3] == '"Weird'
    mended(capsys, own, "--quote none")
    cells[9][1] = 'Odd"'
    own.write("items", lines("items", cells, "\t"))
    assert "quote=None" in refused(own, line=5).fix
    mended(capsys, own, "--quote none", "line 5")


def test_backslashes_before_quotes(own, tmp_path, capsys):
    cells = [[i, rf'"He said \"{title}\" twice"', genre, year] for i, title, genre, year in items()]
    own.write("items", lines("items", cells))
    assert r"escape='\\'" in refused(own, line=2).fix
    data = tables.load(**own.options, escape="\\")
    same_as_base(data, tmp_path, item_labels=tuple(f'He said "Title {n}" twice' for n in range(16)))
    mended(capsys, own, r"--escape '\'")


def test_a_backslash_before_the_closing_quote(own, capsys):
    cells = items()
    cells[5][1] = r'"5\" floppy, the film"'
    cells[7][1] = r'"The 7\""'
    own.write("items", lines("items", cells))
    assert r"escape='\\'" in refused(own, line=7).fix
    labels = tables.load(**own.options, escape="\\").item_labels
    assert labels[5] == '5" floppy, the film' and labels[7] == 'The 7"'
    mended(capsys, own, r"--escape '\'")


def test_a_missing_value_of_mysql_beside_escaped_quotes(own):
    cells = [
        [i, rf'"The \"{title}\""', "\\N" if n % 2 else genre, year] for n, (i, title, genre, year) in enumerate(items())
    ]
    own.write("items", lines("items", cells))
    assert reading.read_table(own.path("items"), escape="\\")["genre"].tolist()[:2] == ["Crime", "\\N"]
    own.write("items", lines("items", cells, "::"))
    table = reading.read_table(own.path("items"), escape="\\")
    assert table["genre"].tolist()[:2] == ["Crime", "\\N"] and table["title"][2] == 'The "Title 0"'


def test_another_quote_character(own, tmp_path, capsys):
    cells = [[i, f"'{title}, ''the'' film'", genre, year] for i, title, genre, year in items()]
    own.write("items", lines("items", cells))
    same_as_base(
        tables.load(**own.options, quote="'"), tmp_path, item_labels=tuple(f"Title {n}, 'the' film" for n in range(16))
    )
    assert shell(capsys, "data", "check", *own.arguments, "--quote", "'")[0] == 0


def test_a_quoted_field_with_a_line_end(own, tmp_path):
    cells = items()
    cells[4][1] = '"Title 4\nthe ""film"""'
    own.write("items", lines("items", cells))
    assert tables.load(**own.options).item_labels[4] == 'Title 4\nthe "film"'


@pytest.mark.parametrize(
    "options, word",
    [
        ({"quote": "''"}, "quote"), ({"quote": ""}, "quote"), ({"escape": "ab"}, "escape"), ({"quote": ","}, None),
        ({"escape": '"'}, "quote"), ({"sep": ""}, "sep"), ({"sep": "\n"}, "sep"), ({"sep": '"'}, "quote"),
        ({"quote": " "}, "quote"), ({"quote": 3}, "quote"), ({"sep": 1}, "sep"),
    ],
)  # fmt: skip
def test_marks_that_cannot_be_used(own, options, word):
    if word is None:  # a comma that quotes is none that separates
        own.write("items", lines("items", items(), ";"))
    with pytest.raises(DataError) as caught:
        tables.load(**own.options, **options)
    assert word is None or f"{word}=" in str(caught.value)
    assert caught.value.fix


# ---- separators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sep", [";", "\t", "|", "::"])
def test_each_separator_is_found(own, tmp_path, capsys, sep):
    for part, cells in (("rows", rows()), ("items", items()), ("users", users())):
        own.write(part, lines(part, cells, sep))
    data = tables.load(**own.options)
    same_as_base(data, tmp_path)
    if sep != "\t":
        assert f"rows.csv: its columns are divided at {sep!r}" in data.notes, "and no comma, which would not work"
    assert shell(capsys, "data", "check", *own.arguments)[0] == 0


@pytest.mark.parametrize("sep", ["||", "~|~", " - ", ", ", "\\t"])
def test_each_separator_may_be_said(own, tmp_path, capsys, sep):
    for part, cells in (("rows", rows()), ("items", items()), ("users", users())):
        own.write(part, lines(part, cells, "\t" if sep == "\\t" else sep))
    same_as_base(tables.load(**own.options, sep=sep), tmp_path)
    assert shell(capsys, "data", "check", *own.arguments, "--option", f"sep={sep}")[0] == 0


def test_colons_without_a_header(own, tmp_path, capsys):
    cells = [[user, item, "4", time] for user, item, time in rows()]
    own.write("rows", lines("rows", cells, "::", header=False))
    error = refused(own, "looks like a row", "'4' is a number", line=1, file="rows")
    words = "header=False, user_column='1', item_column='2', time_column='4'"
    assert words in error.fix
    data = tables.load(**own.options, header=False, user_column="1", item_column="2", time_column="4")
    same_as_base(data, tmp_path)
    notes = "\n".join(data.notes)
    first = ", ".join(cells[0])
    assert f"rows.csv has no header: its columns are called 1 to 4, first {first}" in notes
    assert "the first line of items.csv names a column 'item_id' and was read as its header" in notes
    out = mended(capsys, own, "--no-header --user-column 1 --item-column 2 --time-column 4")
    assert "user = 1, item = 2, time = 4" in out


def test_titles_with_other_separators(own, tmp_path):
    cells = [[i, f"{title}, the; old, film | a::b", genre, year] for i, title, genre, year in items()]
    own.write("items", lines("items", cells, "\t"))
    labels = tuple(f"Title {n}, the; old, film | a::b" for n in range(16))
    same_as_base(tables.load(**own.options), tmp_path, item_labels=labels)
    quoted = [[i, f'"{title}"', genre, year] for i, title, genre, year in cells]
    own.write("items", lines("items", quoted, ";"))
    assert tables.load(**own.options).item_labels == labels
    headless = [["item_id", "title, in full, as printed", "genre", "year"], *cells]
    own.write("items", "".join(";".join(row).replace("; old", " old") + "\n" for row in headless))
    data = tables.load(**own.options, title_column="title, in full, as printed")
    assert data.item_labels == tuple(label.replace("; old", " old") for label in labels)


def test_the_line_that_excel_puts_first(own, tmp_path):
    own.write("items", "sep=;\n" + lines("items", items(), ";"))
    same_as_base(tables.load(**own.options), tmp_path)


def test_an_unquoted_comma(own, capsys):
    cells = items()
    cells[4][1] = "Title 4, the film"
    own.write("items", lines("items", cells))
    error = refused(own, "5 fields", line=6)
    assert error.fix == "put quotes around the field that contains ',': \"Title 4, the film\""
    own.write("items", lines("items", cells).replace("Title 4, the film", '"Title 4, the film"'))
    assert tables.load(**own.options).item_labels[4] == "Title 4, the film"
    cells[4][1] = "4,000 years"
    own.write("items", lines("items", cells))
    assert "i04 | 4 | 000 years | Drama | 1980" in refused(own, "5 fields", line=6).fix
    assert "line 6: the line has 5 fields" in shell(capsys, "data", "check", *own.arguments)[2]
    refused(own, "quoting is off", line=6, quote=None)


# ---- spaces and commas too many --------------------------------------------------------------------------------------


def test_a_space_between_a_comma_and_a_quote(own, tmp_path):
    cells = items()
    for n in (4, 9):
        cells[n][1] = f'"Title {n}, the ""old"" film"'
    own.write("items", "".join(", ".join(row) + "\n" for row in [HEADERS["items"], *cells]))
    labels = [title for _, title, _, _ in items()]
    for n in (4, 9):
        labels[n] = f'Title {n}, the "old" film'
    data = tables.load(**own.options)
    same_as_base(data, tmp_path, item_labels=tuple(labels))
    assert any("items.csv: spaces between ',' and a quote were left out" in note for note in data.notes)


def test_a_space_before_a_quote_late_in_the_file(own):
    many = [[f"x{n}", "T", "Crime", "1990"] for n in range(3000)]
    own.write("items", lines("items", [*items(), *many, ["y", ' "A, B"', "Crime", "1990"]]))
    assert "remove the space between ',' and the quote" in refused(own, "5 fields", line=3018).fix
    own.write("items", lines("items", [*items(), *many, ["y", ' "A"', "Crime", "1990"]]))
    assert "remove the space" in refused(own, "a space stands between", line=3018).fix


def test_a_space_behind_a_closing_quote(own):
    own.write("items", lines("items", items()).replace("Title 4,", '"Title 4" ,'))
    assert "remove the space between the closing quote and ','" in refused(own, line=6).fix


def test_a_comma_at_the_end_of_every_line(own, tmp_path):
    own.write("items", lines("items", items()).replace("\n", ",\n"))
    same_as_base(tables.load(**own.options), tmp_path)
    head, rest = lines("items", items()).split("\n", 1)
    own.write("items", head + "\n" + rest.replace("\n", ",\n"))
    data = tables.load(**own.options)
    same_as_base(data, tmp_path / "again") if (tmp_path / "again").mkdir() else None
    assert any("every row ends with one ',' too many" in note for note in data.notes)
    own.write("items", head + ",\n" + rest)
    assert any("the header ends with one ','" in note for note in tables.load(**own.options).notes)
    own.write("items", head + "\n" + rest.replace("\n", ",\n", 3))
    refused(own, "remove the ',' at the end", line=2)


def test_names_of_rows_without_a_column(own):
    own.write("items", lines("items", [[str(n), *cells] for n, cells in enumerate(items(), 1)]).replace(
        "1,item_id", "item_id"))  # fmt: skip
    refused(own, "every row has one field more than the header", line=2)


# ---- files without a header ------------------------------------------------------------------------------------------


def test_no_file_has_a_header(own, tmp_path, capsys):
    for part, cells in (("rows", rows()), ("items", items()), ("users", users())):
        own.write(part, lines(part, cells, header=False))
    refused(own, "header=False, user_column='1', item_column='2', time_column='3'", line=1, file="rows")
    words = {"header": False, "user_column": "1", "item_column": "2", "time_column": "3", "title_column": "2"}
    same_as_base(tables.load(**own.options, **words), tmp_path, relations=["3", "4"])
    guess = tables.guess(own.path("rows"), own.path("items"), header=False, user_column="1", item_column="2")
    assert (guess.item_id, guess.item_relations) == ("1", ("2", "3", "4"))
    out = mended(capsys, own, "--no-header --user-column 1 --item-column 2 --time-column 3")
    assert "16 items" in out and "24 users" in out


@pytest.mark.parametrize("part, line", [("items", 1), ("users", 1)])
def test_items_or_users_without_a_header(own, tmp_path, capsys, part, line):
    own.write(part, lines(part, {"items": items(), "users": users()}[part], header=False))
    assert "header=False" in refused(own, "looks like a row", line=line, file=part).fix
    data = tables.load(**own.options, header=False)
    assert (data.n_users, data.n_items) == (24, 16)
    assert "24 users, 16 items" in mended(capsys, own, "--no-header")


def test_ids_alone_without_a_header(own):
    own.write("rows", lines("rows", [cells[:2] for cells in rows()], header=False))
    refused(own, "'u00' stands", "more below it", line=1, file="rows")
    data = tables.load(**own.options, header=False, user_column="1", item_column="2")
    assert len(data.train) + len(data.test) == len(rows())


def test_a_row_that_repeats_a_value_is_no_header(own):
    own.write("rows", "5,5,3\n" + "".join(f"{n % 7},{n},{n}\n" for n in range(1, 40)))
    refused(own, "looks like a row", line=1, file="rows")


def test_files_that_were_joined(own):
    text = lines("rows", rows())
    own.write("rows", text + text.replace("u", "v").replace("vser", "user"))
    refused(own, "the header stands here again", line=len(rows()) + 2, file="rows")


@pytest.mark.parametrize(
    "again",
    [
        lambda header: "\ufeff" + header,
        lambda header: header.replace(",", ", "),
        lambda header: header.upper(),
        lambda header: '"' + header.replace(",", '","') + '"',
        lambda header: '\ufeff"' + header.replace(",", '","') + '"',
        lambda header: ",".join(reversed(header.split(","))),
    ],
    ids=["mark", "spaces", "capitals", "quotes", "mark and quotes", "order"],
)
@pytest.mark.parametrize("name", ["rows", "items", "users"])
def test_a_header_among_the_rows_is_found_however_it_is_written(own, again, name):
    text = lines(name, {"rows": rows, "items": items, "users": users}[name]())
    header = text.split("\n")[0]
    own.write(name, text + again(header) + "\n" + text.split("\n", 2)[2])
    refused(own, "the header stands here again", line=text.count("\n") + 1, file=name)


def test_the_name_of_a_column_may_be_an_id(own):
    own.write("rows", lines("rows", [*rows(), ["user_id", *rows()[0][1:]]]))
    own.write("users", lines("users", [*users(), ["user_id", *users()[0][1:]]]))
    assert "user_id" in tables.load(**own.options, min_user=1).user_ids


def test_headers_that_hold_numbers_stay_headers(own):
    cells = [[*row, str(n), str(2 * n)] for n, row in enumerate(items())]
    own.write("items", "item_id,title,genre,year,2019,2020\n" + lines("items", cells, header=False))
    assert tables.load(**own.options, item_relations="genre,2019").item_ids[0] == "i00"


# ---- ids -------------------------------------------------------------------------------------------------------------


PLACEHOLDERS = ["nan", "NaN", "NULL", "null", "None", "N/A", "NA", "?", "-", "\\N", "", "<NA>", " nan "]


@pytest.mark.parametrize("sign", PLACEHOLDERS)
def test_a_placeholder_is_no_user(own, capsys, sign):
    cells = rows()
    lost = range(0, len(cells), 7)
    for n in lost:
        cells[n][0] = sign
    own.write("rows", lines("rows", cells))
    shown = sign.strip()
    error = refused(
        own, f"the user is {shown!r}, which stands for a missing one" if shown else "the user is empty",
        f"on {len(lost) - 1} other lines", line=2, file="rows",
    )  # fmt: skip
    assert "unknown='drop'" in error.fix
    data = tables.load(**own.options, unknown="drop")
    assert shown not in data.user_ids
    assert len(data.train) + len(data.test) == len(cells) - len(lost)
    assert any(
        note
        == f"{len(lost)} of {len(cells)} rows of rows.csv have no user and were left out: "
        + (f"{shown!r} {len(lost)} times" if shown else f"empty {len(lost)} times")
        for note in data.notes
    )
    assert "have no user" in mended(capsys, own, "--option unknown=drop")


def test_placeholders_of_several_kinds_and_of_items(own, capsys):
    cells = rows()
    for n, sign in ((3, "NULL"), (4, ""), (5, "NULL"), (6, "?")):
        cells[n][1] = sign
    own.write("rows", lines("rows", cells))
    refused(own, "the item is 'NULL'", "3 other lines", line=5, file="rows")
    note = "'NULL' 2 times, empty 1 times, '?' 1 times"
    assert any(note in each for each in tables.load(**own.options, unknown="drop").notes)
    mended(capsys, own, "--option unknown=drop")


def test_placeholders_in_the_tables_of_items_and_users(own):
    own.write("users", lines("users", [*users(), ["nan", "Rome", "30"]]))
    refused(own, "the user is 'nan'", line=26, file="users")
    assert tables.load(**own.options, unknown="drop").n_users == 24
    own.write("users", lines("users", users()))
    own.write("items", lines("items", [*items(), ["", "No id", "Crime", "1990"]]))
    refused(own, "the item is empty", line=18)
    assert tables.load(**own.options, unknown="drop").n_items == 16


def test_na_is_an_id_where_a_table_lists_it(own):
    own.write("users", lines("users", users()).replace("u03", "NA"))
    own.write("rows", lines("rows", rows()).replace("u03", "NA"))
    assert "NA" in tables.load(**own.options).user_ids


def test_minus_one_among_numbers_is_no_id(own):
    numbers = [[str(int(user[1:]) + 1), item, time] for user, item, time in rows()]
    for n in range(0, len(numbers), 7):
        numbers[n][0] = "-1"
    own.write("rows", lines("rows", numbers))
    own.write("users", lines("users", [[str(int(user[1:]) + 1), *rest] for user, *rest in users()]))
    refused(own, "the user is '-1'", line=2, file="rows")
    assert "-1" not in tables.load(**own.options, unknown="drop").user_ids
    own.write("users", "user_id,city\n" + "".join(f"{n},Rome\n" for n in range(-3, 25)))
    own.write("rows", lines("rows", [*numbers, ["-2", "i01", "1500000001"], ["-2", "i02", "1500000002"]]))
    assert {"-1", "-2"} <= set(tables.load(**own.options, duplicates="first").user_ids)  # numbers below 0 are ids here


def test_all_ids_missing(own):
    own.write("rows", lines("rows", [["nan", item, time] for _, item, time in rows()]))
    assert "which column" in refused(own, "the user is 'nan'", line=2, file="rows", unknown="drop").fix


@pytest.mark.parametrize("floats", [("rows",), ("users",), ("rows", "users")])
def test_whole_floats_and_integers_are_one_id(own, tmp_path, floats):
    def number(user: str, part: str) -> str:
        return f"{int(user[1:])}.0" if part in floats else str(int(user[1:]))

    own.write("rows", lines("rows", [[number(user, "rows"), *rest] for user, *rest in rows()]))
    own.write("users", lines("users", [[number(user, "users"), *rest] for user, *rest in users()]))
    data = tables.load(**own.options)
    same_as_base(data, tmp_path, user_ids=tuple(map(str, range(24))))
    for part in floats:
        assert any(
            note == f"ids of users in {part}.csv are written as 0.0 and were read as whole numbers"
            for note in data.notes
        )


def test_floats_and_integers_in_one_column_are_one_id(own):
    cells = [[f"{int(user[1:])}{'.0' if n % 2 else ''}", *rest] for n, (user, *rest) in enumerate(rows())]
    own.write("rows", lines("rows", cells))
    own.write("users", lines("users", [[str(int(user[1:])), *rest] for user, *rest in users()]))
    assert tables.load(**own.options).user_ids == tuple(map(str, range(24)))


def test_other_numbers_stay_as_they_are(own):
    own.write("rows", lines("rows", [[f"1.{int(user[1:])}", *rest] for user, *rest in rows()]))
    own.write("users", lines("users", [[f"1.{int(user[1:])}", *rest] for user, *rest in users()]))
    assert tables.load(**own.options).user_ids[:2] == ("1.0", "1.1")


@pytest.mark.parametrize(
    "change, cause",
    [
        (str.upper, "capitals and small letters"),
        (lambda user: user.replace("u0", "u\xa00").replace("u1", "u\xa01"), "spaces or invisible characters"),
        (lambda user: f"'{user}'", "quotes around them"),
    ],
)
def test_ids_that_are_nearly_the_same(own, change, cause):
    cells = [[change(user), *rest] for user, *rest in users()]
    own.write("users", lines("users", cells))
    error = refused(own, "look like one id", cause, line=2, file="rows")
    assert "write the ids alike" in error.fix


def test_zeros_in_front_that_a_spreadsheet_removed(own):
    own.write("rows", lines("rows", [[f"00{int(user[1:]) + 1}", *rest] for user, *rest in rows()]))
    own.write("users", lines("users", [[str(int(user[1:]) + 1), *rest] for user, *rest in users()]))
    error = refused(own, "look like one id: they differ only in zeros in front", line=2, file="rows")
    assert re.search(r"'001' \(\S+\) and '1' \(\S+\) look .*, as do all of these", str(error))
    assert "with the zeros or without them in both" in error.fix and "dtype=str" in error.fix
    assert "unknown" not in error.fix, "nothing would be left"


def test_accents_written_in_two_ways(own):
    composed, apart = "Andr\u00e9", "Andre\u0301"
    own.write("rows", lines("rows", rows()).replace("u00", composed))
    own.write("users", lines("users", users()).replace("u00", apart))
    refused(own, "look like one id", "how an accented letter is written", r"\u0301", line=2, file="rows")
    own.write("users", lines("users", users()).replace("u00", composed))
    own.write("rows", lines("rows", rows()).replace("u00", composed).replace("u01", apart))
    own.write("users", lines("users", users()).replace("u00", composed).replace("u01", apart))
    assert any("look like one id" in note for note in tables.load(**own.options).notes)


@pytest.mark.parametrize("blank", [" ", "\xa0", "\t", "\u200b", "\ufeff", "\u3000"])
def test_blanks_around_ids_are_left_out(own, tmp_path, blank):
    cells = [[blank + user if n % 2 else user + blank, item, time] for n, (user, item, time) in enumerate(rows())]
    own.write("rows", lines("rows", cells))
    data = tables.load(**own.options)
    same_as_base(data, tmp_path)
    note = next(note for note in data.notes if "only by spaces around them" in note)
    assert "the spaces were removed, and what is then the same is one id" in note


# ---- titles ----------------------------------------------------------------------------------------------------------


UNI = ["東撃のア人", "Amélie ☕", "Пикник", "שלום"]


def test_titles_in_four_scripts(own, tmp_path, capsys):
    cells = [[i, f"{UNI[n % 4]}{n}", genre, year] for n, (i, _, genre, year) in enumerate(items())]
    own.write("items", lines("items", cells))
    labels = tuple(f"{UNI[n % 4]}{n}" for n in range(16))
    same_as_base(tables.load(**own.options), tmp_path, item_labels=labels)
    own.write("items", lines("items", cells).encode("utf-16"))
    with pytest.raises(DataError, match="encoding='utf-16'"):
        tables.load(**own.options)
    own.write("rows", lines("rows", rows()).encode("utf-16")).write("users", lines("users", users()).encode("utf-16"))
    assert tables.load(**own.options, encoding="utf-16").item_labels == labels
    mended(capsys, own, "--option encoding=utf-16")


def test_items_with_one_title_are_told_apart_by_id(own, capsys, tmp_path):
    own.write("items", lines("items", [[i, "Same" if n < 6 else t, g, y] for n, (i, t, g, y) in enumerate(items())]))
    data = tables.load(**own.options)
    with pytest.raises(AmbiguousError) as caught:
        find(data, "item", "Same")
    assert [f"(id i0{n})" in str(caught.value) for n in range(6)] == [True] * 6
    run = str(tmp_path / "run")
    assert shell(capsys, "train", *own.arguments, "--model", "itemknn", "--out", run, "--quiet")[0] == 0
    code, _, err = shell(capsys, "similar", "--run", run, "--item", "Same")
    assert code == 1 and "(id i00)" in err and "(id i05)" in err
    code, out, _ = shell(capsys, "similar", "--run", run, "--item", "i02")
    assert code == 0 and "closest to Same (id i02)" in out
    code, out, _ = shell(capsys, "recommend", "--run", run, "--user", "u00", "--include-seen", "-n", "16")
    assert code == 0 and all(f"i0{n}" in out for n in range(6))


# ---- printed commands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["--{}x", "-{}", "Ann {} $HOME", "it's {}", 'say "{}"', "a;{}|b", "`{}`", "{}*", "~{}"]
)
def test_the_command_that_train_prints_can_be_pasted(own, capsys, tmp_path, name):
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    own.write("rows", lines("rows", [[quoted(name.format(user)), *rest] for user, *rest in rows()]))
    own.write("users", lines("users", [[quoted(name.format(user)), *rest] for user, *rest in users()]))
    run = str(tmp_path / "my run's $folder")
    code, out, _ = shell(capsys, "train", *own.arguments, "--model", "popularity", "--out", run, "--quiet")
    assert code == 0
    command = re.search(r"next: (.*)", out)[1]
    program, *typed = shlex.split(command)
    assert program == "ramgnn"
    code, out, err = shell(capsys, *typed)
    assert code == 0, err
    assert f"for user {name.format('u00')}, who had" in out
