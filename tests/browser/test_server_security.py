"""The running server is closed to others: its address, foreign origins, foreign uploads."""

import base64
import os
import socket
import socketserver
import threading
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.helpers.runs import a_run
from ui.markdown import escape_markdown


def handshake(address, origin):
    """Return the status with which the server answers a websocket that a page of `origin` opens."""
    place = urlsplit(address)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {place.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: streamlit",
        f"Origin: {origin}",
    ]
    with socket.create_connection((place.hostname, place.port), timeout=30) as sent:
        sent.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(sent.recv(64).split()[1])


def test_only_pages_of_its_own_open_the_websocket(address):
    assert handshake(address, address) == 101
    assert handshake(address, "http://evil.example") == 403
    assert handshake(address, f"http://evil.example:{urlsplit(address).port}") == 403
    assert handshake(address, "null") == 403


def test_foreign_pages_may_not_read(address):
    request = urllib.request.Request(
        f"{address}/_stcore/health", headers={"Origin": "http://evil.example"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers.get("Access-Control-Allow-Origin") is None


def test_uploads_need_the_pages_own_token(address):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(
            urllib.request.Request(
                f"{address}/_stcore/upload_file/some-session/some-file",
                data=b"--x\r\n\r\n--x--",
                headers={"Content-Type": "multipart/form-data; boundary=x"},
                method="PUT",
            ),
            timeout=30,
        )
    assert refused.value.code == 403


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="it is asked of Linux")
def test_it_listens_on_this_machine_only(address):
    port = f":{urlsplit(address).port:04X}"
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[1].endswith(port) and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F{port}"]


class Handing(socketserver.BaseRequestHandler):
    """A reverse proxy's part: it hands a connection on, and says for whom."""

    def handle(self):
        line, found, rest = self.request.recv(1 << 16).partition(b"\r\n")
        if not found:  # the browser opened a connection in advance and did not need it
            return
        with socket.create_connection(self.server.behind) as behind:
            behind.sendall(line + b"\r\nX-Forwarded-For: 203.0.113.5\r\n" + rest)
            answers = threading.Thread(target=self._hand_on, args=(behind, self.request))
            answers.start()
            self._hand_on(self.request, behind)
            answers.join()

    @staticmethod
    def _hand_on(heard, told):
        try:
            while some := heard.recv(1 << 16):
                told.sendall(some)
            told.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture
def proxy(address):
    """The address at which a reverse proxy stands before the app."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handing) as server:
        server.daemon_threads = True
        server.behind = ("127.0.0.1", urlsplit(address).port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_behind_a_proxy_nobody_sees_the_runs_of_others(browser, address, proxy):
    folder = a_run("somebody's run")
    page = browser.new_page()
    page.goto(f"{address}/Runs")
    page.get_by_text("of a budget of").wait_for(timeout=60_000)
    scroller = page.locator("[data-testid=stDataFrame] .dvn-scroller").first
    scroller.wait_for(state="attached")
    shown, needed = scroller.evaluate("e => [e.clientWidth, e.scrollWidth]")
    assert 800 < needed <= shown < page.viewport_size["width"] == 1280  # it fits without scrolling
    page.goto(f"{proxy}/Runs")
    page.get_by_text("of yours").wait_for(timeout=60_000)
    page.get_by_text("There is no run here yet.").wait_for()
    assert page.get_by_text("of a budget of").count() == 0
    page.goto(f"{proxy}/Distributions?run={folder.id}")  # who knows the link may open the run
    page.get_by_text("The run is back").wait_for(timeout=60_000)
    page.close()


def test_typed_text_stays_text():
    assert escape_markdown("plain words") == "plain words"
    assert escape_markdown("![x](http://evil)") == r"\!\[x\](http\://evil)"
    assert escape_markdown("www.evil, n_critic = -1.5") == r"www\.evil, n\_critic = -1.5"
    assert escape_markdown(":red[x] :material/home: 1: 2") == r"\:red\[x\] \:material/home: 1: 2"
    assert escape_markdown("a\n# b $x$ <b>") == r"a \# b \$x\$ \<b\>"
