"""``ramgnn readings``: where the paper can be read in several ways."""

from __future__ import annotations

from argparse import Namespace

from ramgnn.cli.printing import print_json
from ramgnn.readings import COMPARED, READINGS, table


def readings(args: Namespace) -> None:
    """Print every reading with its choices and the configurations that take each."""
    choices = table()
    if args.json:
        return print_json(choices.reset_index().to_dict("records"))
    for reading in READINGS:
        row = choices.loc[reading.id]
        print(f"{reading.id:<4} {reading.place}: {reading.printed}")
        print(f"     {reading.problem}")
        for choice, meaning in reading.choices.items():
            setting = f"{reading.setting}={choice}" if reading.setting else choice
            configs = [name for name in COMPARED if row[name] == choice]
            print(f"     {setting}: {meaning}" + (f"  ← {', '.join(configs)}" if configs else ""))
        print()
