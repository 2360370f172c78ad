"""The bundled digits, and the download path against a server on this machine."""

import gzip
import hashlib
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
import torchvision
from scipy import stats

from gan_core.data import DATASETS
from gan_core.data.digits import Mnist, bundled_digits
from gan_core.data.download import TorchvisionDownload

torch.set_num_threads(1)
CPU = torch.device("cpu")


def test_bundled_digits():
    digits = bundled_digits()
    assert digits.images.shape == (5000, 1, 28, 28)
    assert digits.images.dtype == torch.uint8
    assert (digits.images.min(), digits.images.max()) == (0, 255)
    assert digits.labels.bincount().tolist() == [500] * 10
    assert (digits.images.flatten(1).sum(1) > 0).all()


def test_digits_have_the_labels_they_look_like():
    images, labels = bundled_digits().images.flatten(1).float(), bundled_digits().labels
    even, odd = slice(0, None, 2), slice(1, None, 2)
    means = torch.stack([images[even][labels[even] == k].mean(0) for k in range(10)])
    nearest = torch.cdist(images[odd], means).argmin(1)
    assert (nearest == labels[odd]).float().mean() > 0.75


def test_batches_are_digits_between_minus_one_and_one():
    digits = bundled_digits()
    label_of = {
        image.numpy().tobytes(): int(label)
        for image, label in zip(digits.images, digits.labels, strict=True)
    }
    batch = digits.batch(10_000, torch.Generator().manual_seed(5))
    assert batch.shape == (10_000, 1, 28, 28)
    assert batch.dtype == torch.float32
    assert (batch.min(), batch.max()) == (-1, 1)
    pixels = ((batch + 1) * 127.5).round().to(torch.uint8)
    labels = [label_of[image.numpy().tobytes()] for image in pixels]
    assert stats.chisquare(np.bincount(labels, minlength=10)).pvalue > 0.01


def test_batches_depend_on_the_generator_alone():
    source = DATASETS.create("mnist").open(CPU)
    before = torch.get_rng_state()
    one, same, other = (source.batch(8, torch.Generator().manual_seed(s)) for s in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def idx_files(images, labels):
    """Return MNIST's four files as its authors pack them: big-endian IDX, gzipped."""
    pictures = struct.pack(">IIII", 0x803, len(images), 28, 28) + images.numpy().tobytes()
    classes = struct.pack(">II", 0x801, len(labels)) + labels.to(torch.uint8).numpy().tobytes()
    return {
        f"{part}-{name}.gz": gzip.compress(content, mtime=0)
        for part in ("train", "t10k")
        for name, content in (("images-idx3-ubyte", pictures), ("labels-idx1-ubyte", classes))
    }


FILES = idx_files(bundled_digits().images[::50], bundled_digits().labels[::50])


class Server(ThreadingHTTPServer):
    """Serves `FILES`, except that one of them may be cut off, spoilt or missing."""

    daemon_threads = True
    fault = ""
    delay = 0.0
    broken_file = "t10k-labels-idx1-ubyte.gz"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request, client_address):
        """torchvision drops its first connection, with which it looks for redirects."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(self.server.delay)
        name = self.path.lstrip("/")
        content = FILES[name]
        fault = self.server.fault if name == self.server.broken_file else ""
        if fault == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault == "cut off":
            content = content[: len(content) // 2]
        if fault == "spoilt":
            content = content[::-1]
        self.wfile.write(content)

    def log_message(self, *_):
        """Keep the test's output clean."""


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def download_from(url):
    class LocalDigits(torchvision.datasets.MNIST):
        mirrors = [url]
        resources = [(name, hashlib.md5(content).hexdigest()) for name, content in FILES.items()]

    return TorchvisionDownload(LocalDigits, sum(map(len, FILES.values())) / 1e6)


def test_download_is_remembered_on_disk(server, monkeypatch):
    download = download_from(server.url)
    monkeypatch.setattr(Mnist, "whole", download)
    full = Mnist(subset="full")
    assert full.preparation is download
    with pytest.raises(ValueError, match="LocalDigits is not on this machine yet"):
        full.open(CPU)

    download.fetch()
    server.fault = "missing"
    assert full.preparation is None
    assert [path.name for path in download.root.iterdir()] == ["LocalDigits"]
    pictures = full.load()
    assert torch.equal(pictures.images, bundled_digits().images[::50])
    assert torch.equal(pictures.labels, bundled_digits().labels[::50])
    assert full.open(CPU).batch(3, torch.Generator().manual_seed(0)).shape == (3, 1, 28, 28)


def test_progress_is_reported(server):
    server.delay = 0.15
    reports = []
    download = download_from(server.url)
    download.fetch(lambda share, sentence: reports.append((share, sentence)))
    shares = [share for share, _ in reports]
    assert len(reports) >= 3
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] <= 1
    assert all(s.startswith("LocalDigits: ") and s.endswith(" MB") for _, s in reports)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("cut off", "corrupted"), ("spoilt", "corrupted"), ("missing", "404")],
)
def test_failed_download_gets_a_sentence_and_keeps_nothing(server, fault, reason):
    server.fault = fault
    download = download_from(server.url)
    with pytest.raises(ValueError, match=f"LocalDigits could not be downloaded .*{reason}"):
        download.fetch()
    assert not download.is_there()
    assert list(download.root.iterdir()) == []

    server.fault = ""
    download.fetch()
    assert len(download.load().images) == 100


def test_refused_connection_gets_a_sentence_and_keeps_nothing(server):
    with Server(("127.0.0.1", 0), Handler) as closed:
        url = closed.url
    download = download_from(url)
    with pytest.raises(ValueError, match=r"could not be downloaded .*refused"):
        download.fetch()
    assert list(download.root.iterdir()) == []


def test_failed_download_leaves_an_older_copy_alone(server):
    download = download_from(server.url)
    download.fetch()
    server.fault = "cut off"
    with pytest.raises(ValueError, match="Nothing was kept"):
        download.fetch()
    assert download.is_there()
    assert len(download.load().images) == 100

    server.fault = ""
    download.fetch()
    assert [path.name for path in download.folder.iterdir()] == ["raw"]
