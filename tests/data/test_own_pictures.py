"""What is taken as classes of the user's own pictures, and what is said of other files."""

import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image, features

from gan_core.cli.main import main
from gan_core.data.importing import formats
from gan_core.data.importing.class_folders import find_classes
from gan_core.data.importing.decode import ImportOptions
from gan_core.data.importing.importer import import_pictures

AT_16 = ImportOptions(size=16)
PICTURE = np.arange(16 * 16, dtype=np.uint8).reshape(16, 16)


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_DATA", str(tmp_path / "data"))


def picture(level=0, kind="PNG", **how):
    made = io.BytesIO()
    Image.fromarray(PICTURE + np.uint8(level)).save(made, kind, **how)
    return made.getvalue()


TWO = [("1.png", picture(1)), ("2.png", picture(2))]


def files(*folders):
    return [
        (f"{folder}/{i}.png" if folder else f"{i}.png", picture(i))
        for i, folder in enumerate(folders)
    ]


CATS_AND_DOGS = ["cats"] * 4 + ["dogs"] * 4


def test_a_stray_picture_takes_no_labels_away():
    dataset, said = import_pictures(files(*CATS_AND_DOGS, ""), AT_16)
    assert dataset.classes == ("cats", "dogs")
    assert dataset.load().labels.tolist() == [0] * 4 + [1] * 4
    assert dataset.size == 8
    assert "The folders are 2 classes: 'cats', 'dogs'. Pictures left out" in said
    assert "1 outside them" in said


def test_a_class_with_one_picture_takes_no_labels_away():
    dataset, said = import_pictures(files(*CATS_AND_DOGS, "cows"), AT_16)
    assert dataset.classes == ("cats", "dogs")
    assert dataset.size == 8
    assert "1 alone in its folder ('cows')" in said


def test_the_pictures_that_are_kept_are_the_right_ones():
    loose_first = files("", "b", "b", "b", "a", "a", "a")
    dataset, _ = import_pictures(loose_first, AT_16)
    stored = dataset.load()
    levels = [int(pixels[0, 0, 0]) for pixels in stored.images]
    assert levels == [1, 2, 3, 4, 5, 6]
    assert [dataset.classes[i] for i in stored.labels] == ["b", "b", "b", "a", "a", "a"]


def test_many_loose_pictures_are_not_left_out_for_the_sake_of_labels():
    dataset, said = import_pictures(files("a", "a", "b", "b", "", "", ""), AT_16)
    assert dataset.classes == ()
    assert dataset.size == 7
    assert "No classes: too many pictures have none: 3 outside them." in said


def test_train_and_test_are_no_classes():
    folders = [f"{part}/{kind}" for part in ("train", "test") for kind in CATS_AND_DOGS]
    dataset, said = import_pictures(files(*folders), AT_16)
    assert dataset.classes == ("cats", "dogs")
    assert dataset.size == 16
    assert "'test' and 'train' are parts of one data set, not classes. The folders are 2" in said
    flat, said = import_pictures(files("train", "train", "test", "test"), AT_16)
    assert flat.classes == ()
    assert "are parts of one data set, not classes. No classes" in said


def test_classes_can_be_chosen():
    folders = [f"{part}/{kind}" for part in ("train", "test") for kind in CATS_AND_DOGS]

    def chosen(how, names=folders):
        return import_pictures(files(*names), ImportOptions(16, classes=how))[0].classes

    assert chosen("top folders") == ("test", "train")
    assert chosen("innermost folders") == ("cats", "dogs")
    assert chosen("none") == ()
    assert chosen("top folders", ["a", "a", "b", "b", "", "", ""]) == ("a", "b")
    with pytest.raises(ValueError, match="All pictures are in one folder"):
        chosen("top folders", ["a", "a"])
    with pytest.raises(ValueError, match="give no classes: fewer than two folders have two"):
        chosen("top folders", ["a", "a", "b"])


def test_every_picture_is_kept_or_counted():
    rng = np.random.default_rng(0)
    for _ in range(200):
        folders = [tuple(rng.choice(list("abc"), rng.integers(0, 3))) for _ in range(12)]
        found = find_classes(folders)
        assert len(found.kept) == 12
        assert found.kept.all() or "left out" in found.words
        if found.labels is not None:
            assert len(found.labels) == found.kept.sum()
            assert np.bincount(found.labels[:, 0]).min() >= 2


def tar(*names):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(TWO[0][1])
            archive.addfile(info, io.BytesIO(TWO[0][1]))
    return made.getvalue()


def zipped():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("x.png", TWO[0][1])
    return made.getvalue()


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(40)
OTHERS = [
    ("drawing.svg", b'<?xml version="1.0"?>\n<svg xmlns="x"></svg>', "SVG drawing: save it as PNG"),
    ("more.tar.gz", gzip.compress(tar("x.png")), "packed (such as tar.gz): unpack it"),
    ("more.tar", tar("x.png"), "tar: unpack it, or make a zip"),
    ("table.csv", b"a,b\n1,2\n3,4\n", "table: numbers are imported on the page Distributions"),
    ("pages.pdf", b"%PDF-1.7\n", "PDF: save its pages as PNG"),
    ("film.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(30), "film: save its frames as PNG"),
    ("empty.png", b"", "empty file"),
    ("notes.txt", b"hello", "not a picture"),
]


@pytest.mark.parametrize(("name", "content", "says"), OTHERS)
def test_files_that_are_no_pictures_are_named(name, content, says):
    dataset, said = import_pictures([*TWO, (name, content)], AT_16)
    assert dataset.size == 2
    assert f"Left out: {says}" in said


def test_a_zip_in_a_zip_is_named():
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("inner.zip", zipped())
        for name, content in TWO:
            archive.writestr(name, content)
    assert "Left out: zip inside: unpack it" in import_pictures(outer, AT_16)[1]


def test_heic_is_read_or_named():
    dataset, said = import_pictures([*TWO, ("a.heic", HEIC)], AT_16)
    assert dataset.size == 2
    can = "HEIF" in formats.readable_formats()
    assert ("Left out: damaged" if can else "HEIC: save it as JPEG, or install pillow-heif") in said


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_read():
    content = picture(kind="AVIF", quality=100)
    dataset, said = import_pictures([*TWO, ("a.avif", content)], AT_16)
    assert dataset.size == 3
    assert "Left out" not in said
    close = dataset.load().images[2, 0].numpy().astype(int) - PICTURE
    assert np.abs(close).mean() < 6


def test_heic_is_read_where_pillow_heif_is():
    heif = pytest.importorskip("pillow_heif")
    formats.readable_formats()
    made = io.BytesIO()
    heif.from_pillow(Image.fromarray(PICTURE).resize((64, 64))).save(made, quality=100)
    dataset, said = import_pictures([*TWO, ("a.heic", made.getvalue())], AT_16)
    assert dataset.size == 3
    assert "Left out" not in said


@pytest.mark.parametrize(("kind", "words"), [("GIF", "animation"), ("TIFF", "TIFF stack")])
def test_several_frames_are_said(kind, words):
    more = [Image.fromarray(PICTURE + np.uint8(i)) for i in (60, 120)]
    many = picture(kind=kind, save_all=True, append_images=more)
    dataset, said = import_pictures([*TWO, ("a", many), ("b", many)], AT_16)
    assert dataset.size == 4
    assert f"First frame only of {words} (2)." in said


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_fewer_bits_in_sixteen_are_stretched_and_said(bits):
    full = 2**bits - 1
    levels = np.linspace(0, full, 256).reshape(16, 16).round().astype(np.uint16)
    made = io.BytesIO()
    Image.fromarray(levels).save(made, "PNG")
    dataset, said = import_pictures([*TWO, ("deep.png", made.getvalue())], AT_16)
    assert f"{bits} of 16 bits stretched to the whole range (1)." in said
    stored = dataset.load().images[2, 0].numpy()
    assert np.abs(stored - levels.astype(float) * 255 / full).max() <= 0.5


def test_one_file_that_is_no_zip_is_named(tmp_path, capsys):
    for name, content, says in (
        ("one.png", TWO[0][1], "'one.png' is one picture; give a folder or a zip of pictures."),
        ("more.tar.gz", gzip.compress(tar("x")), "is no folder and no zip, but packed"),
        ("table.csv", b"a,b\n1,2\n", "no zip, but table: numbers are imported"),
    ):
        (tmp_path / name).write_bytes(content)
        assert main(["import-pictures", str(tmp_path / name), "--size", "16"]) == 2
        assert says in capsys.readouterr().err
