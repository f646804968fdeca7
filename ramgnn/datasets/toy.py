"""Eight films and six viewers, small enough to check by hand.

The films are real and so are the facts; three of them (True Lies, Titanic, Forrest Gump) are those of the paper's
Figure 1. The viewers are made up.

=  ==================  ====  ========================  =========================  ===================================
#  film                year  genres                    directors                  actors
=  ==================  ====  ========================  =========================  ===================================
0  True Lies           1994  Action, Comedy, Thriller  James Cameron              Arnold Schwarzenegger,
                                                                                  Jamie Lee Curtis, Bill Paxton
1  Titanic             1997  Drama, Romance            James Cameron              Leonardo DiCaprio, Kate Winslet,
                                                                                  Bill Paxton
2  Forrest Gump        1994  Comedy, Drama, Romance    Robert Zemeckis            Tom Hanks, Robin Wright, Gary Sinise
3  The Terminator      1984  Action, Science Fiction   James Cameron              Arnold Schwarzenegger,
                                                                                  Linda Hamilton, Bill Paxton
4  Cast Away           2000  Adventure, Drama          Robert Zemeckis            Tom Hanks, Helen Hunt
5  Apollo 13           1995  Adventure, Drama          Ron Howard                 Tom Hanks, Bill Paxton,
                                                                                  Kevin Bacon, Gary Sinise
6  Revolutionary Road  2008  Drama, Romance            Sam Mendes                 Leonardo DiCaprio, Kate Winslet
7  The Lion King       1994  Adventure, Animation,     Roger Allers, Rob Minkoff  Matthew Broderick, Jeremy Irons
                             Drama
=  ==================  ====  ========================  =========================  ===================================

What there is to see: True Lies and Titanic share a director and an actor, True Lies and Forrest Gump a year and a
genre. True Lies and The Terminator are joined by four edges, Titanic and Revolutionary Road by four as well, two of
them of one type. Six films are dramas, most actors and directors stand alone, and The Lion King is tied to the others
by genres and its year only.

======  =====  ========  ===========  ==============================================================
viewer  age    gender    occupation   watched, in this order; the last one is held out
======  =====  ========  ===========  ==============================================================
Ada     20-29  female    engineer     The Terminator, True Lies, Apollo 13, Titanic
Ben     20-29  male      engineer     Apollo 13, The Terminator, Cast Away, True Lies
Chloe   30-39  female    teacher      Forrest Gump, Titanic, Cast Away, Revolutionary Road
Dev     30-39  male      engineer     True Lies, Forrest Gump, Cast Away, Apollo 13, The Terminator
Elif    10-19  female    student      The Lion King, Titanic, Forrest Gump
Finn    10-19  male      student      The Lion King, True Lies, Titanic, Forrest Gump
======  =====  ========  ===========  ==============================================================
"""

from __future__ import annotations

from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.split import interactions, leave_last_out

# title, year, genres, directors, actors
FILMS = (
    ("True Lies", "1994", ["Action", "Comedy", "Thriller"], ["James Cameron"],
     ["Arnold Schwarzenegger", "Jamie Lee Curtis", "Bill Paxton"]),
    ("Titanic", "1997", ["Drama", "Romance"], ["James Cameron"],
     ["Leonardo DiCaprio", "Kate Winslet", "Bill Paxton"]),
    ("Forrest Gump", "1994", ["Comedy", "Drama", "Romance"], ["Robert Zemeckis"],
     ["Tom Hanks", "Robin Wright", "Gary Sinise"]),
    ("The Terminator", "1984", ["Action", "Science Fiction"], ["James Cameron"],
     ["Arnold Schwarzenegger", "Linda Hamilton", "Bill Paxton"]),
    ("Cast Away", "2000", ["Adventure", "Drama"], ["Robert Zemeckis"], ["Tom Hanks", "Helen Hunt"]),
    ("Apollo 13", "1995", ["Adventure", "Drama"], ["Ron Howard"],
     ["Tom Hanks", "Bill Paxton", "Kevin Bacon", "Gary Sinise"]),
    ("Revolutionary Road", "2008", ["Drama", "Romance"], ["Sam Mendes"], ["Leonardo DiCaprio", "Kate Winslet"]),
    ("The Lion King", "1994", ["Adventure", "Animation", "Drama"], ["Roger Allers", "Rob Minkoff"],
     ["Matthew Broderick", "Jeremy Irons"]),
)  # fmt: skip

# name, age, gender, occupation, films in the order watched
VIEWERS = (
    ("Ada", "20-29", "female", "engineer", [3, 0, 5, 1]),
    ("Ben", "20-29", "male", "engineer", [5, 3, 4, 0]),
    ("Chloe", "30-39", "female", "teacher", [2, 1, 4, 6]),
    ("Dev", "30-39", "male", "engineer", [0, 2, 4, 5, 3]),
    ("Elif", "10-19", "female", "student", [7, 1, 2]),
    ("Finn", "10-19", "male", "student", [7, 0, 1, 2]),
)


def load() -> RecDataset:
    """The data set of this module's tables; nothing is read and nothing can fail."""
    titles, years, genres, directors, actors = zip(*FILMS, strict=True)
    people, ages, genders, occupations, watched = zip(*VIEWERS, strict=True)
    pairs = [(user, item) for user, films in enumerate(watched) for item in films]
    train, test = leave_last_out(interactions(*zip(*pairs, strict=True)))
    return RecDataset(
        name="toy",
        user_ids=people,
        item_ids=tuple(str(i) for i in range(len(FILMS))),
        user_labels=people,
        item_labels=tuple(f"{title} ({year})" for title, year in zip(titles, years, strict=True)),
        train=train,
        test=test,
        item_relations=(
            Relation.from_lists("genre", genres),
            Relation.from_lists("director", directors),
            Relation.from_lists("actor", actors),
            Relation.from_lists("year", [[year] for year in years]),
        ),
        user_relations=(
            Relation.from_lists("age", [[age] for age in ages]),
            Relation.from_lists("gender", [[gender] for gender in genders]),
            Relation.from_lists("occupation", [[occupation] for occupation in occupations]),
        ),
        time_kind="order",
        split="leave the last out: each viewer's last film is held out",
        licence="Facts about films; nothing to observe.",
        source="Written for this package in the spirit of the paper's Figure 1; the viewers are made up.",
        notes=("The viewers and what they watched are made up.",),
    ).check()
