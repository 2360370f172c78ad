"""Pictures that come along, and the download path against a server on this machine."""

import gzip
import hashlib
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import robohash
import torch
import torchvision
from PIL import Image
from scipy import stats

from gan_core.data import DATASETS, ImageSource, ImageTensors, Preparation, cats
from gan_core.data.class_batch import draw_of_classes
from gan_core.data.download import TorchvisionDownload
from gan_core.data.mnist import Mnist, bundled_digits
from gan_core.data.pixels import to_samples

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


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
@pytest.mark.parametrize("resolution", [28, 32])
def test_grey_classes_say_what_they_are(name, resolution):
    dataset = DATASETS.create({"name": name, "resolution": resolution})
    assert dataset.sample_shape == (1, resolution, resolution)
    assert len(set(dataset.classes)) == 10
    if name != "mnist":
        assert dataset.size == 60_000
        assert isinstance(dataset.preparation, Preparation)
        assert dataset.preparation.action.startswith("Download ")


def test_digits_at_32_lie_within_black():
    wide = DATASETS.create({"name": "mnist", "resolution": 32}).load()
    assert torch.equal(wide.images[:, :, 2:30, 2:30], bundled_digits().images)
    assert wide.images.sum() == bundled_digits().images.sum()
    assert torch.equal(wide.labels, bundled_digits().labels)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_sources_keep_the_protocol(device):
    for name in ("mnist", "stacked_mnist"):
        source = DATASETS.create(name).open(torch.device(device))
        assert isinstance(source, ImageSource)
        assert source.device == torch.device(device)


def test_flips_mirror_half_of_the_pictures():
    images = torch.arange(4, dtype=torch.uint8).expand(1, 1, 4, 4).clone()
    batch = ImageTensors(images, flips=True).batch(4_000, torch.Generator().manual_seed(0))
    mirrored = batch[:, 0, 0, 0] > batch[:, 0, 0, 3]
    assert abs(int(mirrored.sum()) - 2_000) < 4 * 1_000**0.5
    assert torch.equal(batch[mirrored][0].flip(2), batch[~mirrored][0])
    same = ImageTensors(images).batch(100, torch.Generator().manual_seed(0))
    assert (same == same[0]).all()


@pytest.mark.parametrize("resolution", [32, 64])
def test_stacked_digits_are_the_digits_they_claim(resolution):
    dataset = DATASETS.create({"name": "stacked_mnist", "resolution": resolution})
    source, digits = dataset.load(), bundled_digits()
    assert len(source) == dataset.size == 25_600
    index = torch.tensor([0, 7, 25_599])
    found = source.pixels(index)
    assert found.shape == (3, *dataset.sample_shape)
    for picture, triple in zip(found, source.triples[index], strict=True):
        for layer, number in zip(picture, triple, strict=True):
            small = layer[:: resolution // 32, :: resolution // 32]
            assert torch.equal(small[2:30, 2:30], digits.images[number, 0])
            whole = np.kron(small.numpy(), np.ones((resolution // 32,) * 2))
            assert np.array_equal(layer.numpy(), whole)
    assert torch.equal(source.factors[index], digits.labels[source.triples[index]])


def test_stacked_digits_show_every_number_and_are_always_the_same():
    source, again = (DATASETS.create("stacked_mnist").load() for _ in range(2))
    numbers = source.factors @ torch.tensor([100, 10, 1])
    assert stats.chisquare(numbers.bincount(minlength=1_000)).pvalue > 0.001
    assert torch.equal(source.triples, again.triples)
    batch, labels = source.labelled_batch(8, torch.Generator().manual_seed(1))
    assert torch.equal(batch, source.batch(8, torch.Generator().manual_seed(1)))
    assert (batch.min(), batch.max()) == (-1, 1)
    assert labels.shape == (8,)


def drawn_by_pillow(parts, side):
    """Compose one cat from the files themselves, on white."""
    made = Image.new("RGBA", (side, side), "white")
    set4 = next(path for path in map(Path, robohash.__path__)) / "sets" / "set4"
    folders = sorted(set4.iterdir(), key=lambda folder: folder.name.split("#")[1])
    for folder, (part, names), value in zip(folders, cats.PARTS.items(), parts, strict=True):
        drawing = Image.open(next(folder.glob(f"*#{part}{names[value]}.png")))
        made = Image.alpha_composite(made, drawing.resize((side, side), Image.Resampling.BOX))
    return np.asarray(made.convert("RGB")).transpose(2, 0, 1)


@pytest.mark.parametrize("side", [32, 64])
@pytest.mark.parametrize("parts", [(0, 0, 0, 0, 0), (14, 8, 14, 9, 15), (10, 6, 4, 3, 11)])
def test_cat_is_what_pillow_composes(parts, side):
    made = cats.compose(np.array([parts]), side)[0]
    assert made.shape == (3, side, side)
    assert np.abs(made.astype(int) - drawn_by_pillow(parts, side)).max() <= 2


def test_no_two_layers_of_a_part_are_the_same():
    for drawings in cats.layers(64).values():
        assert len({drawing.tobytes() for drawing in drawings}) == len(drawings)


def test_cats_differ_and_all_their_parts_occur():
    few, many = cats.choices(1_000), cats.choices(100_000)
    assert np.array_equal(many[:1_000], few)
    assert len(np.unique(many, axis=0)) == 100_000
    for values, names in zip(few.T, cats.PARTS.values(), strict=True):
        assert sorted(set(values.tolist())) == list(range(len(names)))


def test_cats_are_composed_once(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    dataset = DATASETS.create({"name": "cats", "count": 1_000, "resolution": 32})
    with pytest.raises(ValueError, match="these 1,000 cats have to be composed first"):
        dataset.open(CPU)
    assert isinstance(dataset.preparation, Preparation)
    assert dataset.preparation.action == "Compose 1,000 cats"
    reports = []
    dataset.preparation.run(lambda share, words: reports.append((share, words)))
    assert reports[1] == (0.25, "250 of 1,000 cats")
    assert dataset.preparation is None
    source = dataset.open(CPU)
    assert source.batch(2, torch.Generator()).shape == (2, 3, 32, 32)
    assert np.array_equal(source.factors.numpy(), cats.choices(1_000))
    at = torch.tensor([0, 999])
    assert np.array_equal(source.pixels(at).numpy(), cats.compose(cats.choices(1_000)[at], 32))
    assert dataset.factors == cats.PARTS
    assert DATASETS.create({"name": "cats", "count": 1_001}).preparation is not None


def test_composing_that_is_cancelled_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_DATA", str(tmp_path))

    def stop(share, words):
        if share > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DATASETS.create({"name": "cats", "resolution": 32}).preparation.run(stop)
    assert list((tmp_path / "packs").iterdir()) == []


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

    class LocalDownload(TorchvisionDownload):
        dataset = LocalDigits

    return LocalDownload("LocalDigits", sum(map(len, FILES.values())) / 1e6)


def test_download_is_remembered_on_disk(server, monkeypatch):
    download = download_from(server.url)
    monkeypatch.setattr(Mnist, "whole", download)
    full = Mnist(subset="full")
    assert full.preparation is download
    with pytest.raises(ValueError, match="LocalDigits is not on this machine yet"):
        full.open(CPU)

    download.run()
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
    download.run(lambda share, sentence: reports.append((share, sentence)))
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
        download.run()
    assert not download.is_there()
    assert list(download.root.iterdir()) == []

    server.fault = ""
    download.run()
    assert len(download.load().images) == 100


def test_refused_connection_gets_a_sentence_and_keeps_nothing(server):
    with Server(("127.0.0.1", 0), Handler) as closed:
        url = closed.url
    download = download_from(url)
    with pytest.raises(ValueError, match=r"could not be downloaded .*refused"):
        download.run()
    assert list(download.root.iterdir()) == []


def test_failed_download_leaves_an_older_copy_alone(server):
    download = download_from(server.url)
    download.run()
    server.fault = "cut off"
    with pytest.raises(ValueError, match="Nothing was kept"):
        download.run()
    assert download.is_there()
    assert len(download.load().images) == 100

    server.fault = ""
    download.run()
    assert [path.name for path in download.folder.iterdir()] == ["raw"]


def test_pictures_of_given_classes_are_drawn():
    digits = bundled_digits()
    labels = torch.arange(64) % 10

    def draw(seed):
        rng = torch.Generator().manual_seed(seed)
        return draw_of_classes(digits, labels, rng)

    drawn = draw(0)
    apart = torch.cdist(to_samples(digits.images).flatten(1).double(), drawn.flatten(1).double())
    assert apart.amin(0).max() < 1e-5
    assert torch.equal(digits.labels[apart.argmin(0)], labels)
    assert len(drawn.flatten(1).unique(dim=0)) == 64
    assert torch.equal(draw(0), drawn)
    assert not torch.equal(draw(1), drawn)


def test_a_small_class_comes_again_and_an_empty_one_is_grey():
    images = torch.arange(5, dtype=torch.uint8)[:, None, None, None].expand(5, 1, 2, 2)
    source = ImageTensors(images, torch.tensor([[0], [0], [2], [2], [2]]))
    drawn = draw_of_classes(source, torch.tensor([0, 0, 0, 1, 2]), torch.Generator().manual_seed(0))
    numbers = ((drawn[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()
    assert set(numbers[:2]) == {0, 1}
    assert numbers[2] == numbers[0]
    assert numbers[3:4] == [128]
    assert numbers[4] in (2, 3, 4)
