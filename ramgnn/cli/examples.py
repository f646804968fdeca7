"""The examples below the help of each command."""

ROOT = """examples:
  ramgnn train --out runs/first                        the embedded films, in about two minutes
  ramgnn recommend --run runs/first --user 0 -n 5
  ramgnn explain --run runs/first --user 0 --item "Titanic (1997)"
  ramgnn similar --run runs/first --item "Titanic (1997)"
  ramgnn train --data ml-100k --config as_printed      MovieLens-100K, as the paper has it
  ramgnn train --interactions rows.csv --items items.csv --users users.csv --out runs/mine
  ramgnn train --data data/ml-1m                       a folder with MovieLens, RecBole's files, or tables
  ramgnn train --resume runs/mine                      go on with a run that was stopped or killed
  torchrun --nproc-per-node 2 -m ramgnn train          two processes on one run

`ramgnn COMMAND --help` shows the options of a command, with examples.

exit status: 0 when all went well, 1 after an error, 2 for options that cannot be read, 130 when you stopped it with
Ctrl-C and 143 when SIGTERM did (`kill`, `timeout`, a batch system), also where what it had reached was saved.
"""

DATA = """examples:
  ramgnn data list
  ramgnn data info ml-100k
  ramgnn data check --interactions rows.csv --items items.csv --bins year=10
  ramgnn data check --interactions rows.csv --items items.csv --min-rating 4 --time-format dayfirst
  ramgnn data check --interactions rows.csv --items items.csv --separator genre=, --missing unknown
  ramgnn data check --data data/ml-1m                  what a folder holds, and which file is what
"""

TRAIN = """examples:
  ramgnn train --out runs/first                              the embedded films, in about two minutes
  ramgnn train --interactions rows.csv --items items.csv --out runs/mine
  ramgnn train --data data/ml-1m --out runs/ml-1m            a folder with MovieLens, RecBole's files, or tables
  ramgnn train --config temporal --out runs/next             with a clock: what comes next, by what came before
  ramgnn train --set pretrain.dim=32 finetune.lr=0.01        settings by name
  ramgnn train --model ease --out runs/ease                  a baseline
  ramgnn train --model mf --set lr=0.1 dim=32 --epochs 30    its own settings; an unknown one lists all
  ramgnn train --resume runs/mine                            go on with a run that was stopped or killed
  torchrun --nproc-per-node 2 -m ramgnn train                two processes on one run
"""

EVALUATE = """examples:
  ramgnn evaluate --run runs/first
  ramgnn evaluate --run runs/first --at 5 50
  ramgnn evaluate --run runs/mine --by session            where the times are times of a clock
  ramgnn evaluate --run runs/first --compare runs/ease    is the difference more than chance?
"""

RECOMMEND = """examples:
  ramgnn recommend --run runs/first --user 42 --reasons
  ramgnn recommend --run runs/first --user 42 --user 43 -n 5
  ramgnn recommend --run runs/first --had "Titanic (1997)" "Heat (1995)" --reasons     somebody new
  ramgnn recommend --run runs/first --users ids.txt --skip-unknown --out recs.csv
  tail -n +2 people.csv | cut -d, -f1 | ramgnn recommend --run runs/first --users - --out recs.jsonl
  ramgnn recommend --run runs/first --all -n 20 --out recs.csv.gz
"""

SIMILAR = """examples:
  ramgnn similar --run runs/first --item "Titanic (1997)"
  ramgnn similar --run runs/first --item 103 -n 20 --json
"""

EXPLAIN = """examples:
  ramgnn explain --run runs/first --user 42 --item "Titanic (1997)"
  ramgnn explain --run runs/first --had "Heat (1995)" "Casino (1995)" --item "Titanic (1997)"     to somebody new
"""

NEIGHBORS = """examples:
  ramgnn neighbors --run runs/first --item "Titanic (1997)"
  ramgnn neighbors --run runs/first --user 42 -n 5
"""

RUN = """examples:
  ramgnn run table3                          all of Table III on MovieLens-100K: hours, can be stopped
  ramgnn run table3 --only mf ease --list    what is missing for two of its rows
  ramgnn run table4 --data kkbox --trials 8 --seeds 0-4
  ramgnn run table3 --data toy --trials 2 --seeds 0 --out tried   everything once, in a minute or two
"""

RESULTS = """examples:
  ramgnn results table3                      beside the paper's numbers
  ramgnn results table3 --format latex       also markdown and csv
  ramgnn results figure5 --plot figure5.svg  thresholds over epochs, a picture for each configuration
  ramgnn results pairs --of table4           every encoder against every other
  ramgnn results verdicts                    what holds of the paper's claims, and why
"""
