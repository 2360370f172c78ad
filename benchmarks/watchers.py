"""The cost of watchers to the owner of a run: `python benchmarks/watchers.py [--watchers 30]`.

The owner trains in a real Chromium. The watchers are connections that speak Streamlit's protocol
and ask for frames as a browser does, but draw nothing: so many browsers would take this machine's
processor from the server. The owner's steps a second are counted without and with them, in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.many import counter
from tests.helpers.app import free_port, server
from tests.helpers.browser import chromium
from tests.helpers.tab import eventually, open_page, press, step

SETTLE_SECONDS, TURNS = 8.0, 5


class Watchers:
    """Connections that watch one run until they are closed."""

    def __init__(self, address: str, page: str, query: str, count: int) -> None:
        self.frames = 0
        self._request = (urlsplit(address).netloc, page, query)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        watching = (self._watch() for _ in range(count))
        self._tasks = [asyncio.run_coroutine_threadsafe(w, self._loop) for w in watching]

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        time.sleep(1)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _watch(self) -> None:
        host, page, query = self._request
        uri = f"ws://{host}/_stcore/stream"
        async with connect(
            uri, origin=f"http://{host}", subprotocols=["streamlit"], max_size=None
        ) as socket:
            await socket.send(_rerun(page, query))
            asks: asyncio.Task[None] | None = None
            try:
                async for content in socket:
                    message = ForwardMsg.FromString(content)
                    kind = message.WhichOneof("type")
                    if kind == "auto_rerun":
                        if asks is not None:
                            asks.cancel()
                        again = _rerun(page, query, message.auto_rerun.fragment_id)
                        asks = asyncio.create_task(_ask(socket, again, message.auto_rerun.interval))
                    self.frames += kind == "script_finished"
            finally:
                if asks is not None:
                    asks.cancel()


async def _ask(socket: ClientConnection, request: bytes, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await socket.send(request)


def _rerun(page: str, query: str, fragment: str = "") -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = page
    if fragment:
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = True
    return message.SerializeToString()


def rate(page: Page, seconds: float) -> float:
    """Return the owner's steps a second."""
    began, before = counter(page)
    page.wait_for_timeout(1000 * seconds)
    ended, after = counter(page)
    return (after - before) / (ended - began)


def measure(
    page: Page, address: str, path: str, watchers: int, seconds: float
) -> dict[str, object]:
    """Let the owner train, with and without watchers in turns."""
    query = urlsplit(page.url).query
    alone, watched, frames = [], [], 0
    for _ in range(TURNS):
        page.wait_for_timeout(2_000)
        alone.append(rate(page, seconds))
        crowd = Watchers(address, path, query, watchers)
        page.wait_for_timeout(1000 * SETTLE_SECONDS)
        before = crowd.frames
        watched.append(rate(page, seconds))
        frames += crowd.frames - before
        crowd.close()
    share = statistics.median(b / a for a, b in zip(alone, watched, strict=True))
    return {
        "page": path,
        "watchers": watchers,
        "steps_per_s_alone": round(statistics.median(alone), 1),
        "steps_per_s_watched": round(statistics.median(watched), 1),
        "ratio": round(share, 3),
        "seconds_between_frames": round(TURNS * seconds * watchers / max(frames, 1), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        environment = {"GAN_RUNS": f"{folder}/runs", "GAN_DATA": folder, "GAN_ENGINE": "eager"}
        with server(free_port(), environment) as (address, _):
            for path in ("Distributions", "Pictures"):
                page = browser.new_context().new_page()
                open_page(page, f"{address}/{path}")
                press(page, "Train")
                eventually(page, lambda page=page: "run=" in page.url and step(page) > 20)
                found = measure(page, address, path, options.watchers, options.seconds)
                print(json.dumps(found), flush=True)
                page.context.close()


if __name__ == "__main__":
    main()
