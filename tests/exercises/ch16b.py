"""Common wrong answers to the exercise of chapter 16b."""


def _share(rows, marked):
    books = [book for row in rows for book in row]
    return sum(book in marked for book in books) / len(books)


def _by_reader(rows, marked):
    return sum(_share([row], marked) for row in rows if row) / sum(bool(row) for row in rows)


def _read_by(lists, loans, marked):
    """Readers without loans are left out on both sides."""
    lists = [row for row, had in zip(lists, loans, strict=True) if had]
    return _share(lists, marked) - _share(loans, marked)


WRONG = {
    "16b.2": [
        ("numbers, not shares", lambda lists, loans, marked: sum(b in marked for r in lists for b in r)
         - sum(b in marked for r in loans for b in r), "one of two places"),
        ("a ratio", lambda lists, loans, marked: _share(lists, marked) / _share(loans, marked) - 1,
         "one of two places"),
        ("never below zero", lambda lists, loans, marked: abs(_share(lists, marked) - _share(loans, marked)),
         "may be negative"),
        ("reader by reader", lambda lists, loans, marked: _by_reader(lists, marked) - _by_reader(loans, marked),
         "over all readers together"),
        ("one marked book", lambda lists, loans, marked: _share(lists, {min(marked)}) - _share(loans, {min(marked)}),
         "every book in the set"),
        ("readers without loans left out", _read_by, "adds no loans"),
    ],
}  # fmt: skip
