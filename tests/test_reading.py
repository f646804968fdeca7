"""Reading tables: what comes out is what is in the file, and each fault is named with file, line and remedy."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ramgnn.datasets.faults import near
from ramgnn.datasets.layout import SEPARATORS, read_layout
from ramgnn.datasets.reading import read_chunks, read_table
from ramgnn.errors import DataError


def written(folder, content, name="table.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path, *words, line=None, **options):
    """The message of the error, which names the file, the line if there is one, and says what to do."""
    with pytest.raises(DataError) as caught:
        read_table(path, **options)
    error = caught.value
    assert error.file == str(path)
    assert error.line == line
    assert error.fix, "every error says what to do"
    text = str(error)
    assert text.startswith(f"{path}, line {line}: " if line else f"{path}: ")
    for word in words:
        assert word in text
    return error


def test_all_cells_stay_text(tmp_path):
    path = written(tmp_path, "id,value\n007,NA\n1e3,\nnull,nan\n")
    table = read_table(path)
    assert table["id"].tolist() == ["007", "1e3", "null"]
    assert table["value"].tolist() == ["NA", "", "nan"]


def test_lines_are_those_of_the_file(tmp_path):
    path = written(tmp_path, 'a,b\n1,2\n\n3,"x\ny"\n   \n5,6\n')
    table = read_table(path)
    assert table.index.name == "line"
    assert table.index.tolist() == [2, 4, 7]  # the row with a newline in quotes begins on line 4
    assert table["b"].tolist() == ["2", "x\ny", "6"]


def test_pieces_give_the_same_as_the_whole(tmp_path):
    path = written(tmp_path, "a,b\n" + "".join(f"{i},{i % 3}\n" for i in range(25)))
    pieces = list(read_chunks(path, ["b"], (), rows=10))
    assert [len(piece) for piece in pieces] == [10, 10, 5]
    assert [line for piece in pieces for line in piece.index] == list(range(2, 27))
    assert [v for piece in pieces for v in piece["b"]] == read_table(path)["b"].tolist()


def test_only_the_columns_asked_for(tmp_path):
    path = written(tmp_path, "a,b,c\n1,2,3\n")
    assert list(read_table(path, ["c"], ["a", "z"]).columns) == ["c", "a"]
    assert list(read_table(path, ["c"]).columns) == ["a", "b", "c"]


@pytest.mark.parametrize("sep", list(SEPARATORS))
def test_the_separator_is_found(tmp_path, sep):
    path = written(tmp_path, f"a{sep}b{sep}c\n1{sep}2{sep}3\n")
    assert read_layout(path).sep == sep
    assert read_table(path).iloc[0].tolist() == ["1", "2", "3"]


def test_a_separator_in_quotes_does_not_count(tmp_path):
    path = written(tmp_path, '"a;b;c;d",e\n1,2\n')
    assert read_layout(path).columns == ("a;b;c;d", "e")


def test_byte_order_mark_and_crlf(tmp_path):
    path = written(tmp_path, b"\xef\xbb\xbfid,name\r\n1,x\r\n2,y\r\n")
    table = read_table(path, ["id"])
    assert list(table.columns) == ["id", "name"]
    assert table["name"].tolist() == ["x", "y"]
    assert table.index.tolist() == [2, 3]


def test_gzip_is_told_by_its_bytes(tmp_path):
    content = gzip.compress(b"a,b\n1,2\n")
    for name in ("table.csv.gz", "table.csv"):
        assert read_table(written(tmp_path, content, name)).shape == (1, 2)


def test_without_quoting_a_quote_is_a_letter(tmp_path):
    path = written(tmp_path, 'id\tname\n1\t"Hitman" Bang\n2\tJia"\n')
    assert read_table(path, quote=None)["name"].tolist() == ['"Hitman" Bang', 'Jia"']


def test_a_file_without_header(tmp_path):
    path = written(tmp_path, "1|a\n2|b\n")
    table = read_table(path, columns=["id", "name"], sep="|")
    assert table["name"].tolist() == ["a", "b"]
    assert table.index.tolist() == [1, 2]
    error = refused(written(tmp_path, "1|a|b\n", "b.txt"), "3 fields", line=1, columns=["id", "name"], sep="|")
    assert "2 fields: id, name" in error.expected


def test_columns_without_a_name_are_numbered(tmp_path):
    assert read_layout(written(tmp_path, ",a,\n0,1,\n")).columns == ("unnamed 1", "a", "unnamed 3")


def test_another_encoding(tmp_path):
    path = written(tmp_path, "id,title\n1,Amélie\n".encode("utf-16"))
    assert read_table(path, encoding="utf-16")["title"].tolist() == ["Amélie"]


def test_the_progress_bar_reaches_the_end(tmp_path, capsys):
    read_table(written(tmp_path, "a,b\n" + "1,2\n" * 1000), progress=True)
    shown = capsys.readouterr().err
    assert "reading table.csv" in shown and "100%" in shown


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8)
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=8)


ENCODINGS = {"utf-8": cells, "utf-8-sig": cells, "utf-16": cells, "cp1252": st.text("aé€ ,;|:\t'\"\\\n7", max_size=6)}


def as_written(rows, sep, quoting, quote, escape, end):
    """The rows as the csv module writes them; by hand where the separator has several characters."""
    if len(sep) > 1:
        inside = escape + quote if escape else quote * 2
        fields = [[cell.replace(escape, escape * 2) if escape else cell for cell in row] for row in rows]
        return "".join(sep.join(quote + f.replace(quote, inside) + quote for f in row) + end for row in fields)
    text = io.StringIO()
    options = {"doublequote": escape is None, "escapechar": escape, "quotechar": quote, "quoting": quoting}
    csv.writer(text, delimiter=sep, lineterminator=end, **options).writerows(rows)
    return text.getvalue()


@given(st.data())
def test_what_is_written_is_read(tmp_path_factory, data):
    encoding = data.draw(st.sampled_from(list(ENCODINGS)))
    cell = ENCODINGS[encoding]
    rows = data.draw(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=12))
    sep = data.draw(st.sampled_from([*SEPARATORS, "||", " ~ "]))
    quote, escape = data.draw(st.sampled_from("\"'")), data.draw(st.sampled_from([None, "\\"]))
    quoting = data.draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]))
    header, packed = data.draw(st.booleans()), data.draw(st.booleans())
    assume(len(sep) == 1 or not any("\x1f" in cell for row in rows for cell in row))  # refused, with its line
    content = as_written([("a", "b", "c"), *rows] if header else rows, sep, quoting, quote, escape, "\n").encode(
        encoding
    )
    path = tmp_path_factory.mktemp("round") / "table.csv"
    path.write_bytes(gzip.compress(content) if packed else content)
    said = {} if header and sep in SEPARATORS else {"sep": sep}
    table = read_table(path, encoding=encoding, quote=quote, escape=escape, header=header, **said)
    assert list(table.itertuples(index=False, name=None)) == rows
    assert list(table.columns) == (["a", "b", "c"] if header else ["1", "2", "3"])
    lines = [1 + header]
    for row in rows:
        lines.append(lines[-1] + 1 + sum(cell.count("\n") for cell in row))
    assert table.index.tolist() == lines[:-1]


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12), st.sampled_from(",\t;|"), st.booleans())
def test_what_pandas_writes_is_read(tmp_path_factory, rows, sep, all_quoted):
    path = tmp_path_factory.mktemp("round") / "table.csv"
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])
    frame.to_csv(path, sep=sep, index=False, quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL)
    assert list(read_table(path).itertuples(index=False, name=None)) == rows


@given(st.lists(st.tuples(plain, plain, plain), min_size=1, max_size=12), st.sampled_from(list(SEPARATORS)))
def test_what_is_written_without_quotes_is_read(tmp_path_factory, rows, sep):
    rows = [tuple(cell.replace(sep[0], "") for cell in row) for row in rows]
    assume(len(sep) == 1 or not any("\x1f" in cell for row in rows for cell in row))
    path = tmp_path_factory.mktemp("round") / "table.csv"
    path.write_text("".join(sep.join(row) + "\n" for row in [("a", "b", "c"), *rows]), encoding="utf-8", newline="")
    assert list(read_table(path, quote=None).itertuples(index=False, name=None)) == rows


# ---- every fault


def test_missing_file(tmp_path):
    written(tmp_path, "a\n1\n", "items.csv")
    refused(tmp_path / "item.csv", "no such file", "items.csv")
    refused(tmp_path / "nowhere" / "a.csv", "nor a folder")
    error = None
    with pytest.raises(DataError) as caught:
        read_table(tmp_path)
    error = caught.value
    assert "folder" in str(error)


def test_empty_file(tmp_path):
    refused(written(tmp_path, ""), "is empty")
    refused(written(tmp_path, " \n\n", "blank.csv"), "is empty")
    refused(written(tmp_path, b"\xef\xbb\xbf", "mark.csv"), "is empty")


def test_header_only(tmp_path):
    refused(written(tmp_path, "user,item\n\n"), "only a header", "at least one row")


def test_missing_column_with_near_matches(tmp_path):
    path = written(tmp_path, "user_id,Item_ID,x\n1,2,3\n")
    error = refused(path, "no column 'item_id'", "'Item_ID'", line=1, required=["user_id", "item_id"])
    assert "among 'user_id', 'Item_ID', 'x'" in error.expected


def test_a_file_without_its_header(tmp_path):
    path = written(tmp_path, "196,242,3\n186,302,3\n")
    refused(path, "looks like data", "user,item", line=1, required=["user", "item"])


@pytest.mark.parametrize("given_sep, real", [(",", "\t"), ("\t", ","), (",", ";"), (";", "|")])
def test_wrong_separator(tmp_path, given_sep, real):
    path = written(tmp_path, f"user{real}item\n1{real}2\n")
    error = refused(path, "only one column", line=1, sep=given_sep, required=["user"])
    assert error.fix.startswith(f"pass sep={real!r}")


def test_double_colons(tmp_path):
    path = written(tmp_path, 'user::item\n1::2\n2::"3::4"\n')
    assert read_layout(path).sep == "::"
    assert read_table(path)["item"].tolist() == ["2", "3::4"]
    refused(written(tmp_path, "user::item\n1::\x1f2\n", "unit.csv"), "0x1f", line=2)


@pytest.mark.parametrize("row, n", [("1,2", 2), ("1,2,3,4", 4), ("1", 1)])
def test_ragged_line(tmp_path, row, n):
    path = written(tmp_path, f"a,b,c\n1,2,3\n{row}\n")
    error = refused(path, f"has {n} field", line=3)
    assert error.expected == "3 fields: a, b, c"


def test_a_quote_that_is_never_closed(tmp_path):
    refused(written(tmp_path, 'a,b\n1,2\n3,"x\n4,5\n'), "not closed", line=3)
    swallowed = written(tmp_path, 'a,b\n1,"x\n2,y"\n', "swallowed.csv")
    assert read_table(swallowed).shape == (1, 2)  # a newline in quotes is allowed
    refused(written(tmp_path, 'a,b\n1,2\n"x,2\n3",y,z\n', "c.csv"), "closed only on line 4", line=3)


def test_text_after_a_closing_quote(tmp_path):
    refused(written(tmp_path, 'a,b\n1,"He" said\n'), "follows a closing quote", line=2)


def test_bytes_that_are_not_utf8(tmp_path):
    path = written(tmp_path, "id,title\n1,Alien\n2,Amélie\n".encode("cp1252"))
    error = refused(path, "0xe9", "byte 5 of the line", line=3)
    assert "encoding='cp1252'" in error.fix and "Amélie" in error.fix
    assert read_table(path, encoding="cp1252")["title"].tolist() == ["Alien", "Amélie"]


def test_bytes_that_are_chinese(tmp_path):
    path = written(tmp_path, "id,artist\n1,張惠妹\n".encode("big5"))
    error = refused(path, "is not utf-8", line=2)
    assert "as big5 it reads" in error.fix and "張惠妹" in error.fix


def test_bytes_are_found_inside_gzip_and_after_many_lines(tmp_path):
    content = b"a,b\n" + b"1,2\n" * 5000 + b"3,\xff\n"
    refused(written(tmp_path, gzip.compress(content), "table.csv.gz"), "0xff", line=5002)


def test_utf16_and_unknown_encoding(tmp_path):
    path = written(tmp_path, "a,b\n1,2\n".encode("utf-16"))
    assert "encoding='utf-16'" in refused(path, "UTF-16", line=1).fix
    with pytest.raises(DataError, match="no encoding 'utf-nine'"):
        read_table(path, encoding="utf-nine")
    plain = written(tmp_path, "a,b\n1,22\n", "plain.csv")
    refused(plain, "not utf-16", encoding="utf-16")


WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("given", ["utf-8", "cp1252", "utf-16", "utf-32", *WIDE])
@pytest.mark.parametrize("text", ["user,item\n1,2\n", "user,item\n" + "星际穿越,异形\n" * 300], ids=["ascii", "other"])
@pytest.mark.parametrize("mark", [False, True])
@pytest.mark.parametrize("real", WIDE)
def test_what_a_wide_file_is_said_to_be_reads_it(tmp_path, real, mark, text, given, packed):
    content = (("\ufeff" if mark else "") + text).encode(real)
    path = written(tmp_path, gzip.compress(content) if packed else content)
    wanted = [row.split(",") for row in text.split()[1:]]
    if given == real or (mark and given == real[:6]):
        assert read_table(path, encoding=given)[["user", "item"]].to_numpy().tolist() == wanted
        return
    with pytest.raises(DataError) as caught:
        read_table(path, encoding=given)
    offered = re.findall(r"encoding='([\w-]+)'", caught.value.fix)
    assert offered, caught.value
    assert real in offered or (mark and offered == [real[:6]])
    assert read_table(path, encoding=offered[-1])["item"].tolist() == [item for _, item in wanted]


def test_wide_files_that_do_not_say_what_they_are(tmp_path):
    path = written(tmp_path, "用户,电影\n一,二\n".encode("utf-16-be"))
    error = refused(path, "does not begin with its mark", encoding="utf-16")
    assert "encoding='utf-16-le' or encoding='utf-16-be'" in error.fix
    assert read_table(path, encoding="utf-16-be")["电影"].tolist() == ["二"]
    error = refused(written(tmp_path, "a,b\n1,2\n"), encoding="utf-16")
    assert "leave the encoding out if the file is UTF-8" in error.fix


def test_every_mark_at_the_start_is_taken_off(tmp_path):
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        path = written(tmp_path, ("\ufeff" * 2 + "a,b\n1,2\n").encode(encoding))
        assert list(read_table(path, ["a", "b"], encoding=encoding)) == ["a", "b"]


def test_nul_bytes(tmp_path):
    refused(written(tmp_path, b"a,b\n1,2\n3,\0\n"), "NUL byte at character 3", line=3)
    refused(written(tmp_path, b"a\0,b\n1,2\n", "head.csv"), "NUL byte", line=1)


def test_duplicate_columns(tmp_path):
    refused(written(tmp_path, "a,b, a\n1,2,3\n"), "two columns are called 'a'", line=1)


def test_gzip_cut_off_or_damaged(tmp_path):
    packed = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(20_000)))
    refused(written(tmp_path, packed[: len(packed) // 2], "cut.csv.gz"), "cut off or damaged")
    mangled = packed[:2000] + bytes(200) + packed[2200:]
    refused(written(tmp_path, mangled, "mangled.csv.gz"), "cut off or damaged")


@pytest.mark.parametrize(
    "start, kind",
    [
        (b"PK\x03\x04", "zip or Excel"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"PAR1", "Parquet"),
        (b"\n<!DOCTYPE html><html>", "web page"),
    ],
)
def test_what_is_no_table(tmp_path, start, kind):
    refused(written(tmp_path, start + b"rest,of\nthe,file\n"), kind)


def test_near_ignores_case():
    assert near("ITEMID", ["item_id", "user"]) == ["item_id"]
    assert near("zzz", ["item_id"]) == []


# ---- files that are no text


def png() -> bytes:
    chunk = zlib.compress(np.random.default_rng(0).bytes(300))
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x06\x00\x00\x00" + chunk


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("content", [png(), np.random.default_rng(1).bytes(3000), bytes(range(256))])
def test_bytes_that_are_no_text(tmp_path, content, packed):
    path = tmp_path / "rows.csv"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(
        DataError, match="this gzip file holds is no table of text" if packed else "this is no table"
    ) as e:
        read_layout(path)
    assert "encoding" not in str(e.value)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "user_id,item_id\n\x1b[1ma,b\n"),
        ("utf-8", "user_id,item_id\na\x01b\x02c\x03,b\n"),
        ("cp1252", "user_id,item_id\n“Zoë”,…\n"),
        ("gb18030", "user_id,item_id\n星际,异形\n"),
        ("utf-16", "user_id,item_id\n星际,异形\n"),
        ("utf-16-le", "user_id,item_id\n星际,异形\n"),
    ],
)
def test_text_with_a_few_signs_is_text(tmp_path, encoding, text):
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode(encoding))
    assert read_layout(path, encoding=encoding).columns == ("user_id", "item_id")


def test_another_separator_is_offered_where_it_works(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("user;item;time\n1;2;3\n1;3;4\n")
    assert "; sep" not in " ".join(read_layout(path).notes) and "divided at ';'" in read_layout(path).notes[0]
    path.write_text("user,item,a;b;c;d\n1,2,3;4;5;6\n")
    assert read_layout(path).notes == ("its columns are divided at ';'; sep=',' would divide them at ','",)
    assert read_layout(path, sep=",").columns == ("user", "item", "a;b;c;d")


# ---- what spreadsheets leave above and below a table


def test_rows_without_a_cell_are_left_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b;c\n1;2;3\n;;\n4;;\n; ;\n;;\n")
    blank: list[int] = []
    frame = read_table(path, blank=blank)
    assert list(frame.index) == [2, 4] and blank == [3, 5, 6]


@pytest.mark.parametrize(
    "above",
    ["Export vom 01.03.2024", "Export;;;;", '"Export, Filiale 3";;;;', "Export;2024"],
)
def test_a_line_above_the_header(tmp_path, above):
    path = tmp_path / "t.csv"
    table = "Kunde;Artikel;Datum;Preis;Ort\n" + "1;b1;01.03.2024;18,90;Ulm\n2;b2;02.03.2024;7,50;\n" * 3
    path.write_text(f"{above}\n\n{table}")
    with pytest.raises(DataError, match="and the lines below it have 5, so that it may be no header") as caught:
        read_table(path)
    assert "remove what stands above the header" in caught.value.fix and "'Kunde', 'Artikel'" in caught.value.fix
    path.write_text(f"{above}\n{table}".replace("18,90", "18").replace("7,50", "7"))
    with pytest.raises(DataError, match="and the lines below it have 5, so that it may be no header"):
        read_table(path)
    path.write_text(table)
    assert len(read_table(path)) == 6
    path.write_text("id\n1;2\n3;4\n")
    assert read_table(path)["id"].tolist() == ["1;2", "3;4"]


def test_an_empty_row_of_another_width_is_no_row_of_a_spreadsheet(tmp_path):
    """Separators that do not fit say that something was lost: the line is told, as any other that does not fit."""
    path = written(tmp_path, "a,b,c\n1,2,3\n,\n4,5,6\n")
    with pytest.raises(DataError) as caught:
        read_table(path, blank=[])
    assert caught.value.line == 3
