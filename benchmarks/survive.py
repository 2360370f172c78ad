"""Runs that are killed, damaged, or out of disk: `python benchmarks/survive.py --kills 100`.

Each kill is checked: the newest whole checkpoint against a run that nobody interrupts, to the bit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.helpers.commands import FIXED
from tests.helpers.crashes import DIGITS, LINE, Victim, damages, full


def kills(count: int, seed: int, experiment: dict[str, Any]) -> dict[str, object]:
    """Kill one run so many times; return what was found."""
    with tempfile.TemporaryDirectory() as place:
        victim = Victim(experiment, Path(place), seed)
        for done in range(1, count + 1):
            victim.kill()
            if done % 10 == 0:
                print(victim.config.dataset.name, vars(victim.seen), flush=True)
        return victim.finish()


def main() -> int:
    """Return 0 if everything that was asked for survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--damage", type=int, default=0)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.update(FIXED)
    good = True
    if options.full:
        found = full()
        good &= bool(found["nothing lost"] and found["equal to one that had room"])
        print(json.dumps(found, indent=1, ensure_ascii=False), flush=True)
    if options.damage:
        found = damages(options.damage, options.seed)
        good &= found["noticed, the one before used"] == options.damage
        print(json.dumps(found, indent=1, ensure_ascii=False), flush=True)
    if options.kills:
        on_digits = options.kills * 2 // 5
        shares = ((options.kills - on_digits, LINE), (on_digits, DIGITS))
        for seed, (count, experiment) in enumerate(shares, options.seed):
            found = kills(count, seed, experiment)
            good &= found["equal"] == count and bool(found["equal at the end"])
            good &= bool(found["metrics.csv equal"])
            print(json.dumps(found, indent=1), flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
