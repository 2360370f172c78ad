"""The way of a new user: a fresh environment, `pip install .`, `gan-lab`, a page, ten steps.

python benchmarks/install.py            # with all dependencies, from the internet: minutes
python benchmarks/install.py --offline  # with those of this environment: seconds
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.helpers.app import free_port, server
from tests.helpers.browser import chromium
from tests.helpers.installed import OFFLINE, copy_sources
from tests.helpers.tab import open_page, press, tile


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--offline", action="store_true", help="use this environment's packages")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        program = install(Path(folder), given.offline)
        print(f"installed in {time.monotonic() - began:.0f} s")
        listed = subprocess.run([program, "list"], cwd=folder, capture_output=True, check=True)
        print(f"gan-lab list: {len(listed.stdout.splitlines())} lines")
        environment = {"GAN_RUNS": f"{folder}/runs", "GAN_DATA": f"{folder}/data"}
        with server(free_port(), environment, None, Path(folder), [program]) as (address, _):
            train_ten_steps(address)
        print("gan-lab: the page trained ten steps")


def install(folder: Path, offline: bool) -> str:
    """Return the path of `gan-lab` in a new environment."""
    copy_sources(folder / "source")
    venv.create(folder / "venv", with_pip=True)
    bin_ = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    python = str(bin_ / "python")
    if offline:
        where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        site = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
        (Path(site) / "this.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [python, "-m", "pip", "install", "-q", *(OFFLINE if offline else ())]
    subprocess.run([*pip, str(folder / "source")], check=True)
    return str(bin_ / "gan-lab")


def train_ten_steps(address: str) -> None:
    """Raises: playwright's TimeoutError: if the page does not come to step 10."""
    with chromium() as browser:
        page = browser.new_page()
        open_page(page, f"{address}/Distributions")
        press(page, "+10")
        page.locator(".tile[data-name='step']").filter(has_text="paused").wait_for()
        page.wait_for_timeout(1_000)
        if tile(page, "step") != "10":
            raise SystemExit(f"The page stands at step {tile(page, 'step')}.")


if __name__ == "__main__":
    main()
