"""Make runs in the pages of another version of the code, and go on with them in this one's.

`python benchmarks/compare_pages.py OTHER` takes the folder of another version (a git worktree).
Its pages open links to set-ups in a browser, train and pause; its server is killed. Then the same
links and the runs' own links are opened in the pages of this version, which must stand at the
same step; both versions resume copies of the runs, which must end at the same bits.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser

from benchmarks.compare_trees import HERE, Tree
from tests.helpers.app import free_port, server
from tests.helpers.browser import chromium
from tests.helpers.tab import label, open_page, pause, press, step

SMALL = {"name": "mlp", "depth": 1, "width": 32}
SETUPS = {
    "a line": ("Distributions", {"dataset": {"name": "normal"}, "seed": 7}),
    "another line": (
        "Distributions",
        {
            "dataset": {"name": "normal_mixture"},
            "prior": {"name": "laplace"},
            "latent_dim": 4,
            "loss": {"name": "hinge"},
            "regularizer": {"name": "gradient_penalty"},
            "n_critic": 2,
        },
    ),
    "digits": (
        "Pictures",
        {
            "dataset": {"name": "mnist"},
            "architecture": {"generator": SMALL, "discriminator": SMALL},
            "loss": {"name": "least_squares"},
            "batch_size": 32,
        },
    ),
    "digits by class": (
        "Pictures",
        {
            "dataset": {"name": "mnist"},
            "architecture": {
                "generator": {"name": "dcgan", "channels": 8},
                "discriminator": {"name": "dcgan", "channels": 8},
                "conditional": True,
            },
            "batch_size": 16,
        },
    ),
}
"""Name: the page, and the set-up in the link."""

MORE_STEPS = 50


def environment(data: Path) -> dict[str, str]:
    return {"GAN_DATA": str(data), "GAN_RUNS": str(data / "runs"), "GAN_ENGINE": "eager"}


def link(page: str, setup: dict[str, object]) -> str:
    return f"{page}?setup={quote(json.dumps(setup))}"


def make_runs(browser: Browser, root: Path, data: Path) -> dict[str, tuple[str, int]]:
    """Train every set-up in the pages of the version at `root`; return its run's id and step."""
    made = {}
    with server(free_port(), environment(data), root=root) as (address, process):
        for name, (page, setup) in SETUPS.items():
            tab = browser.new_page()
            open_page(tab, f"{address}/{link(page, setup)}")
            press(tab, "Train")
            tab.wait_for_timeout(4_000)
            stood = pause(tab)
            (run,) = parse_qs(urlsplit(tab.url).query)["run"]
            made[name] = run, stood
            tab.wait_for_timeout(2_000)  # the run is saved in the background
            tab.close()
        process.kill()
    return made


def opens_alike(browser: Browser, address: str, name: str, run: str, stood: int) -> bool:
    """Open the links to the set-up and to the run; return whether the run stands at its step."""
    page, setup = SETUPS[name]
    tab = browser.new_page()
    open_page(tab, f"{address}/{link(page, setup)}")
    fresh = step(tab)
    tab.close()
    tab = browser.new_page()
    open_page(tab, f"{address}/{page}?run={run}")
    label(tab, "Train")
    seen = step(tab)
    press(tab, "Train")
    tab.wait_for_timeout(2_000)
    later = pause(tab)
    errors = tab.locator(".stException").count()
    tab.close()
    return fresh == 0 and seen == stood < later and not errors


def ends_alike(here: Tree, other: Tree, run: Path, stood: int) -> bool:
    """Resume copies of a run in both versions; return whether they end at the same bits."""
    digests = []
    for tree, which in ((here, "here"), (other, "other")):
        copy = run.with_name(f"{run.name}-{which}")
        shutil.copytree(run, copy)
        tree.resume(copy, stood + MORE_STEPS, "eager")
        digests.append(tree.digest(copy))
        shutil.rmtree(copy)
    return digests[0] == digests[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="the folder of another version")
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        data = Path(folder) / "data"
        here, other = Tree(HERE, data), Tree(options.other.resolve(), Path(folder) / "other")
        began = time.time()
        made = make_runs(browser, options.other.resolve(), data)
        print(f"{len(made)} runs were made in {time.time() - began:.0f} s", flush=True)
        same = {
            name: ends_alike(here, other, data / "runs" / run, stood)
            for name, (run, stood) in made.items()
        }
        with server(free_port(), environment(data)) as (address, _):
            for name, (run, stood) in made.items():
                opened = opens_alike(browser, address, name, run, stood)
                wrong += not (opened and same[name])
                print(
                    f"{name}: step {stood:,}; opened {'alike' if opened else 'DIFFERENTLY'}; "
                    f"resumed to {'the same' if same[name] else 'DIFFERENT'} bits",
                    flush=True,
                )
    print(f"{wrong} differ")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
