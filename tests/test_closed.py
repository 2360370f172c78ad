"""The running server is closed to others: its address, foreign origins, foreign uploads."""

import base64
import os
import socket
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ui.plain import escaped

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


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


def test_typed_text_stays_text():
    assert escaped("plain words") == "plain words"
    assert escaped("![x](http://evil)") == r"\!\[x\](http\://evil)"
    assert escaped("www.evil, n_critic = -1.5") == r"www\.evil, n_critic = -1.5"
    assert escaped("a\n# b $x$ <b>") == r"a \# b \$x\$ \<b\>"
