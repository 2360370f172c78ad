"""Bad configs, links, tables, zips, checkpoints and pickles, thousands of them.

`python benchmarks/malice.py --tries 5000 --seed 0` counts what came of them: accepted, refused with
a sentence, crashed, code of theirs run, files written outside their place. The last three are 0.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from tests.helpers.hostile import try_all


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        counts, crashes = try_all(options.tries, options.seed, Path(place))
    for words in sorted(set(crashes)):
        print(words)
    print(json.dumps({"seed": options.seed} | counts))
    bad = ("no sentence", "crashes", "code run", "files outside")
    sys.exit(any(counts[name] for name in bad))


if __name__ == "__main__":
    main()
