"""Real picture files, and files that only pretend to be, from folders, zips and uploads."""

import io
import json
import os
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gan_core.cli.main import main
from gan_core.data import DATASETS
from gan_core.data.importing import packs
from gan_core.data.importing.decode import ImportOptions
from gan_core.data.importing.importer import import_pictures, picture_folders
from gan_core.data.importing.limits import Limits
from tests.helpers.commands import command

CPU = torch.device("cpu")
AT_28 = ImportOptions(size=28)
NOISE = np.random.default_rng(7).integers(0, 256, (28, 28, 3), dtype=np.uint8)
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_DATA", str(tmp_path / "data"))
    for name in ("GAN_MAX_UNPACKED_GB", "GAN_MAX_FILES", "GAN_MAX_MEGAPIXELS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "data"


def file_of(picture, kind="PNG", **how):
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    made = io.BytesIO()
    picture.save(made, kind, **how)
    return made.getvalue()


def plain(color, size=(28, 28)):
    return file_of(Image.new("RGB", size, color))


TWO = [("red.png", plain(RED)), ("blue.png", plain(BLUE))]


def zip_of(files, path=None, compression=zipfile.ZIP_STORED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in files:
            archive.writestr(name, content)
    if path is None:
        return made
    path.write_bytes(made.getvalue())
    return path


def images(dataset):
    return dataset.load().images.numpy()


def only(content, options=AT_28, name="it.png"):
    """Return the pixels of one file, as height × width × channels."""
    dataset, said = import_pictures([(name, content), *TWO], options)
    assert "Left out" not in said
    return images(dataset)[0].transpose(1, 2, 0)


def nothing_is_left(data):
    return not (data / "packs").exists() or not any((data / "packs").iterdir())


# What becomes of a picture


def test_picture_of_the_right_size_keeps_its_pixels():
    assert np.array_equal(only(file_of(NOISE)), NOISE)


@pytest.mark.parametrize("wide", [True, False])
def test_crop_keeps_the_middle(wide):
    side = np.zeros((28, 40, 3), np.uint8)
    picture = np.concatenate([side, NOISE, side], axis=1)
    middle = NOISE
    if not wide:
        picture, middle = picture.transpose(1, 0, 2), NOISE.transpose(1, 0, 2)
    assert np.array_equal(only(file_of(np.ascontiguousarray(picture))), middle)


def test_squash_keeps_everything():
    halves = np.zeros((10, 100, 3), np.uint8)
    halves[:, 50:] = 255
    made = only(file_of(halves), ImportOptions(28, "squash"))
    assert (made[:, :12] < 5).all()
    assert (made[:, 16:] > 250).all()


def test_large_picture_is_averaged_not_sampled():
    board = np.indices((560, 560)).sum(0) % 2 * 255
    made = only(file_of(np.stack([board] * 3, -1).astype(np.uint8)))
    assert np.abs(made.astype(int) - 127.5).max() < 3


def test_large_jpeg_is_what_a_full_decoding_gives():
    smooth = Image.fromarray(NOISE[:8, :8]).resize((1200, 1200), Image.Resampling.BICUBIC)
    content = file_of(smooth, "JPEG", quality=95)
    slow = Image.open(io.BytesIO(content)).resize((28, 28), Image.Resampling.BOX)
    assert np.abs(only(content).astype(int) - np.asarray(slow)).max() <= 6


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_not_cut_off(kind):
    levels = np.linspace(0, 65_535, 28 * 28).reshape(28, 28).astype(np.uint16)
    made = only(file_of(levels, kind), name=f"it.{kind.lower()}")
    assert np.abs(made[..., 0] - levels / 257).max() <= 0.5
    assert made.min() == 0
    assert made.max() == 255


def test_exif_rotation():
    picture = Image.fromarray(NOISE)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90° clockwise to see it upright
    made = only(file_of(picture, exif=exif.tobytes()))
    assert np.array_equal(made, np.rot90(NOISE, -1))


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk(kind):
    cyan = file_of(Image.new("CMYK", (28, 28), (255, 0, 0, 0)), kind)
    assert np.abs(only(cyan).astype(int) - (0, 255, 255)).max() <= 6


@pytest.mark.parametrize("size", [28, 280])
def test_alpha_lies_on_white(size):
    half = Image.new("RGBA", (size, size), (255, 0, 0, 102))
    assert np.abs(only(file_of(half)).astype(int) - (255, 153, 153)).max() <= 1
    hidden = Image.new("RGBA", (size, size), (9, 9, 9, 0))
    assert (only(file_of(hidden)) == 255).all()


def test_palette_with_a_transparent_colour():
    picture = Image.new("P", (28, 28), 1)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    picture.paste(0, (0, 0, 28, 14))
    made = only(file_of(picture, transparency=0))
    assert (made[:14] == 255).all()
    assert (made[14:] == (10, 20, 30)).all()


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (28, 28), color) for color in (GREEN, RED, BLUE)]
    moving = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (only(moving) == GREEN).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "P", "I;16"])
def test_all_grey_pictures_become_one_channel(mode):
    grey = Image.fromarray(NOISE[..., 0])
    kinds = [grey.convert(mode) if mode != "I;16" else grey.convert("I").convert("I;16"), grey]
    dataset, said = import_pictures([(f"{i}.png", file_of(p)) for i, p in enumerate(kinds)], AT_28)
    assert dataset.sample_shape == (1, 28, 28)
    assert "2 grey pictures" in said
    assert np.array_equal(images(dataset)[1, 0], NOISE[..., 0])


def test_one_colour_picture_makes_all_of_them_colour():
    grey = ("grey.png", file_of(NOISE[..., 0]))
    assert import_pictures([grey, *TWO], AT_28)[0].sample_shape == (3, 28, 28)
    forced = ImportOptions(28, colour="grey")
    dataset, _ = import_pictures([grey, *TWO], forced)
    assert dataset.sample_shape == (1, 28, 28)
    assert (images(dataset)[1] == 76).all()  # 0.299 of 255: red's share of brightness
    assert import_pictures([grey, grey], ImportOptions(28, colour="rgb"))[0].sample_shape[0] == 3


@pytest.mark.parametrize("size", [16, 28, 32, 64, 128])
def test_every_size(size):
    dataset, said = import_pictures(TWO, ImportOptions(size))
    assert dataset.sample_shape == (3, size, size)
    assert dataset.open(CPU).batch(2, torch.Generator()).shape == (2, 3, size, size)
    assert f"{size} × {size} pixels" in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"size": 63}, "import: size = 63 is not one of 16, 28, 32, 64, 128."),
        ({"fit": "stretch"}, "import: fit = 'stretch' is not one of crop, squash."),
        ({"colour": "sepia"}, "import: colour = 'sepia' is not one of auto, grey, rgb."),
    ],
)
def test_options_are_checked(options, says):
    with pytest.raises(ValueError, match=says):
        ImportOptions(**options)


# Where pictures come from


def fill(folder, files):
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


NESTED = [
    (f"animals/{kind}/{i}.png", plain(color))
    for kind, color in (("dogs", RED), ("cats", BLUE))
    for i in range(3)
]


def test_all_sources_give_the_same_pack(tmp_path):
    folder = fill(tmp_path / "mine", NESTED)
    path = zip_of(sorted(NESTED), tmp_path / "mine.zip")
    opened = zip_of(sorted(NESTED))
    sources = (folder, path, opened, sorted(NESTED), [("mine.zip", path.read_bytes())])
    assert len({import_pictures(source, AT_28)[0] for source in sources}) == 1
    assert not opened.closed


def test_sub_folders_become_classes(tmp_path):
    dataset, said = import_pictures(fill(tmp_path / "mine", NESTED), AT_28)
    assert dataset.factors == {"folder": ("cats", "dogs")}
    assert dataset.classes == ("cats", "dogs")
    assert "in 2 folders" in said
    kept = dataset.load()
    assert kept.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert (kept.images[0] == torch.tensor(BLUE)[:, None, None]).all()


@pytest.mark.parametrize(
    "files",
    [
        [("a/1.png", 1), ("a/2.png", 2)],
        [("a/1.png", 1), ("a/2.png", 2), ("b/1.png", 3)],
        [("a/1.png", 1), ("b/1.png", 2), ("c/1.png", 3), ("c/2.png", 4)],
        [("train/1.png", 1), ("train/2.png", 2), ("test/1.png", 3), ("test/2.png", 4)],
    ],
)
def test_what_makes_no_classes(files):
    uploads = [(name, plain((level, 0, 0))) for name, level in files]
    dataset, _ = import_pictures(uploads, AT_28)
    assert dataset.factors == {}
    assert dataset.load().factors is None


def test_several_zips_are_classes_of_their_names():
    zips = [(f"{name}.zip", zip_of(TWO).getvalue()) for name in ("left", "right")]
    assert import_pictures(zips, AT_28)[0].classes == ("left", "right")


def test_what_systems_leave_behind_is_not_counted(tmp_path):
    rubbish = [(name, b"x") for name in ("__MACOSX/a.png", ".DS_Store", "a/Thumbs.db", ".g/b.png")]
    for source in (fill(tmp_path / "mine", TWO + rubbish), zip_of(TWO + rubbish)):
        assert "Left out" not in import_pictures(source, AT_28)[1]


def test_links_are_not_followed(tmp_path):
    secret = fill(tmp_path / "secret", [("1.png", plain(GREEN))])
    folder = fill(tmp_path / "mine", TWO)
    (folder / "link.png").symlink_to(secret / "1.png")
    (folder / "away").symlink_to(secret)
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe.png")
    dataset, said = import_pictures(folder, AT_28)
    assert dataset.size == 2
    assert said.endswith("Left out: link (3), not a file (1).")


def test_names_that_are_not_utf_8(tmp_path):
    for kind in (b"\xff", b"\xfe1"):
        for name in (b"1", b"2"):
            folder = os.path.join(os.fsencode(tmp_path), b"mine", kind)
            os.makedirs(folder, exist_ok=True)
            Path(os.fsdecode(os.path.join(folder, name))).write_bytes(plain(RED))
    assert import_pictures(tmp_path / "mine", AT_28)[0].size == 4


def test_folders_on_the_server(data):
    assert picture_folders() == {}
    fill(data / "pictures" / "flowers", TWO)
    (data / "pictures" / "notes.txt").write_text("no folder")
    (data / "pictures" / "etc").symlink_to("/etc")
    assert picture_folders() == {"flowers": data / "pictures" / "flowers"}


# What is left out, and what is refused


def damaged_files():
    jpeg = file_of(Image.fromarray(NOISE).resize((300, 300)), "JPEG")
    return [
        ("text.png", b"I am not a picture.", "not a picture"),
        ("empty.png", b"", "empty file"),
        ("drawing.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript drawing"),
        ("cut.jpg", jpeg[: len(jpeg) // 2], "truncated"),
        ("cut.png", file_of(NOISE)[:-800], "truncated"),
        ("float.tif", file_of(NOISE[..., 0].astype(np.float32), "TIFF"), "floating-point pixels"),
        ("deep.tif", file_of(np.full((9, 9), 70_000, np.int32), "TIFF"), "more than 16 bits"),
    ]


@pytest.mark.parametrize(("name", "content", "reason"), damaged_files())
@pytest.mark.parametrize("zipped", [True, False])
def test_unusable_file_is_left_out_and_counted(name, content, reason, zipped):
    files = [*TWO, (name, content)]
    dataset, said = import_pictures(zip_of(files) if zipped else files, AT_28)
    assert dataset.size == 2
    assert "Left out: " + reason in said
    assert said.endswith("(1).")


def test_reasons_are_counted_together():
    files = [*TWO, *((f"{i}.txt", b"text") for i in range(3)), ("../up.png", plain(GREEN))]
    _, said = import_pictures(files, AT_28)
    assert said == (
        "2 colour pictures, cropped to the middle, 28 × 28 pixels. "
        "Left out: not a picture (3), unsafe name (1)."
    )


@pytest.mark.parametrize(
    "name", ["../up.png", "a/../../up.png", "/etc/it.png", "C:\\it.png", "c:it.png", "..\\it.png"]
)
def test_unsafe_names_in_a_zip(name, tmp_path):
    before = set(tmp_path.rglob("*.png"))
    dataset, said = import_pictures(zip_of([*TWO, (name, plain(GREEN))]), AT_28)
    assert dataset.size == 2
    assert said.endswith("Left out: unsafe name (1).")
    assert set(tmp_path.rglob("*.png")) == before


def test_links_in_a_zip():
    link = zipfile.ZipInfo("link.png")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    _, said = import_pictures(zip_of([*TWO, (link, "/etc/passwd")]), AT_28)
    assert said.endswith("Left out: link (1).")


def test_a_zip_in_a_zip_is_not_opened():
    inner = zip_of(TWO).getvalue()
    assert import_pictures(zip_of([*TWO, ("in.zip", inner)]), AT_28)[1].endswith("by itself (1).")


BOMB = [*TWO, *((f"{i}.png", bytes(3_000_000)) for i in range(4))]


def test_bomb_stops_at_the_limit(data):
    bomb = zip_of(BOMB, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb.getvalue()) < 20_000
    with pytest.raises(ValueError, match=r"^This unpacks to more than 0\.005 GB"):
        import_pictures(bomb, AT_28, Limits(unpacked_gb=0.005))
    assert nothing_is_left(data)


def test_bomb_that_lies_about_its_size(data):
    content = bytearray(zip_of(BOMB, compression=zipfile.ZIP_DEFLATED).getvalue())
    size = struct.pack("<I", 3_000_000)
    assert content.count(size) == 8
    lying = io.BytesIO(bytes(content.replace(size, struct.pack("<I", 9))))
    _, said = import_pictures(lying, AT_28, Limits(unpacked_gb=0.005))
    assert said.endswith("(4).")


def test_a_file_too_large_for_any_picture_is_not_read_to_its_end():
    large = [*TWO, ("large.png", bytes(9_000_000))]
    small = Limits(megapixels=0.01)
    assert import_pictures(large, AT_28, small)[1].endswith("Left out: too large (1).")


def test_too_many_pixels():
    huge = ("huge.png", file_of(Image.new("1", (2_000, 2_000))))
    _, said = import_pictures([*TWO, huge], AT_28, Limits(megapixels=3.9))
    assert said.endswith("Left out: too many pixels (1).")
    assert import_pictures([*TWO, huge], AT_28, Limits(megapixels=4))[0].size == 3
    beyond = ("beyond.png", file_of(Image.new("1", (14_000, 14_000))))
    assert import_pictures([*TWO, beyond], AT_28)[1].endswith("Left out: too many pixels (1).")


def test_too_many_files(tmp_path):
    many = [(f"{i}.png", plain(RED)) for i in range(21)]
    for source in (many, fill(tmp_path / "mine", many), zip_of(many)):
        with pytest.raises(ValueError, match="There are more than 20 files; give fewer at once"):
            import_pictures(source, AT_28, Limits(files=20))
        assert import_pictures(source, AT_28, Limits(files=21))[0].size == 21


def test_zip_that_lies_about_its_entries_is_counted_before_it_is_listed(monkeypatch):
    content = bytearray(zip_of([(f"{i}", b"") for i in range(3_000)]).getvalue())
    at = content.rfind(b"PK\x05\x06")
    content[at + 8 : at + 12] = struct.pack("<HH", 1, 1)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(ValueError, match="more than 2,999 files"):
        import_pictures(io.BytesIO(content), AT_28, Limits(files=2_999))


def test_zip_of_the_64_bit_kind():
    files = [
        ("a.png", plain(RED)),
        ("b.png", plain(BLUE)),
        *((f".{i}", b"") for i in range(70_000)),
    ]
    assert import_pictures(zip_of(files), AT_28)[0].size == 2
    with pytest.raises(ValueError, match="more than 70,001 files"):
        import_pictures(zip_of(files), AT_28, Limits(files=70_001))


def encrypted(archive):
    """Set the bit that says so, in both headers of every entry."""
    content = bytearray(archive.getvalue())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(signature, at + 4)
    return io.BytesIO(content)


def test_encrypted_zip(data):
    with pytest.raises(ValueError, match=r"is encrypted; make a zip without a password\.$"):
        import_pictures(encrypted(zip_of(TWO)), AT_28)
    assert nothing_is_left(data)


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.95])
def test_truncated_zip(data, keep):
    content = zip_of(TWO).getvalue()
    cut = content[: int(keep * len(content)) if keep < 1 else keep]
    with pytest.raises(ValueError, match=r"^'mine.zip' is not a whole zip file: .*\.$"):
        import_pictures([("mine.zip", cut)], AT_28)
    assert nothing_is_left(data)


def test_spoilt_entry_of_a_zip():
    content = bytearray(zip_of([("bad.png", file_of(NOISE)), *TWO]).getvalue())
    content[200] ^= 255
    _, said = import_pictures(io.BytesIO(content), AT_28)
    assert said.endswith("Left out: unreadable (1).")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "There is no picture in '0 files'; a data set needs at least two."),
        ([("notes.txt", b"text")], r"no picture in 'notes.txt'; .* Left out: not a picture \(1\)."),
        (TWO[:1], "There is only one picture in 'red.png'; a data set needs at least two."),
    ],
)
def test_fewer_than_two_pictures(data, files, says):
    with pytest.raises(ValueError, match=says):
        import_pictures(files, AT_28)
    assert nothing_is_left(data)


def test_no_such_source(tmp_path):
    with pytest.raises(ValueError, match="nowhere is neither a folder nor a zip file"):
        import_pictures(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("text")
    with pytest.raises(ValueError, match=r"'notes\.txt' is not a whole zip file"):
        import_pictures(tmp_path / "notes.txt")


def test_limits_come_from_the_environment(monkeypatch):
    assert Limits.from_environment() == Limits(2.0, 250_000, 64.0)
    monkeypatch.setenv("GAN_MAX_UNPACKED_GB", "0.5")
    monkeypatch.setenv("GAN_MAX_FILES", "1")
    monkeypatch.setenv("GAN_MAX_MEGAPIXELS", "12")
    assert Limits.from_environment() == Limits(0.5, 1, 12.0)
    with pytest.raises(ValueError, match="more than 1 files"):
        import_pictures(TWO, AT_28)
    for wrong in ("many", "0", "-1", "nan", "inf"):
        monkeypatch.setenv("GAN_MAX_FILES", wrong)
        with pytest.raises(ValueError, match=f"^GAN_MAX_FILES = '{wrong}' is not a positive"):
            import_pictures(TWO, AT_28)


def test_cancelling_leaves_nothing_behind(data):
    class CancelledError(Exception):
        pass

    seen = []

    def progress(share, words):
        seen.append((share, words))
        if len(seen) == 3:
            raise CancelledError

    many = [(f"{i}.png", plain((i, 0, 0))) for i in range(200)]
    with pytest.raises(CancelledError):
        import_pictures(many, AT_28, progress=progress)
    assert seen == [(i / 200, f"{i} of 200 files") for i in (0, 50, 100)]
    assert nothing_is_left(data)


ANY_UPLOAD = st.tuples(
    st.text(max_size=12) | st.sampled_from(["a.png", "b.zip", "c/d.jpg", "e.gif", "f.tif"]),
    st.builds(
        lambda start, rest: start + rest,
        st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
        | st.sampled_from([b"\xff\xd8\xff\xe0", b"II*\0", b"P6 ", b"BM", b"RIFF"]),
        st.binary(max_size=200),
    ),
)


def spoilt(content):
    """Return a strategy of `content` with some bytes changed."""
    changes = st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=6)

    def change(places):
        made = bytearray(content)
        for at, value in places:
            made[at] = value
        return bytes(made)

    return changes.map(change)


REAL = [zip_of(TWO).getvalue(), *(file_of(NOISE, kind) for kind in ("PNG", "JPEG", "GIF", "TIFF"))]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(ANY_UPLOAD | st.tuples(st.just("x"), st.sampled_from(REAL).flatmap(spoilt))))
def test_any_upload_makes_a_data_set_or_a_sentence(uploads):
    try:
        dataset, said = import_pictures(uploads, AT_28)
    except ValueError as error:
        assert str(error).endswith((".", "?"))  # noqa: PT017 -- either outcome is right
        return
    assert dataset.size >= 2
    assert said.endswith(".")


# Packs


def test_pack_is_remembered_and_mapped(data):
    dataset, said = import_pictures([*TWO, ("notes.txt", b"text")], AT_28)
    assert said.endswith("Left out: not a picture (1).")
    folder = data / "packs" / dataset.upload
    assert {path.name for path in folder.iterdir()} == {"images.npy", "meta.json"}
    assert [path.name for path in folder.parent.iterdir()] == [dataset.upload]
    meta = json.loads((folder / "meta.json").read_text())
    assert (meta["count"], meta["shape"], meta["note"]) == (2, [3, 28, 28], said)
    assert np.load(folder / "images.npy").shape == (2, 3, 28, 28)
    again = DATASETS.create(dataset.to_dict())
    assert again == dataset
    assert again.preparation is None
    with Path("/proc/self/maps").open() as maps:
        before = maps.read().count(str(folder))
    kept = again.load()
    with Path("/proc/self/maps").open() as maps:
        assert maps.read().count(str(folder)) == before + 1
    assert len(kept) == again.size == 2


@pytest.mark.parametrize("name", ["folder", "celeba"])
def test_pack_that_is_not_there(name, data):
    with pytest.raises(ValueError, match=f"^{name}: choose pictures first"):
        DATASETS.create(name)
    (data / "packs").mkdir(parents=True)
    for upload in ("0" * 16, "../../etc", "0" * 15, "0" * 16 + "\n", ".making-x"):
        with pytest.raises(ValueError, match=f"^{name}: upload = .* is not on this machine; "):
            DATASETS.create({"name": name, "upload": upload})


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"factors": 3}'])
def test_damaged_pack_gets_a_sentence(data, text):
    dataset, _ = import_pictures(TWO, AT_28)
    packs.read_meta.cache_clear()
    (data / "packs" / dataset.upload / "meta.json").write_text(text)
    with pytest.raises(ValueError, match=r"the stored pictures \w+ are damaged\.$"):
        DATASETS.create(dataset.to_dict())


def test_cut_pack_gets_a_sentence(data):
    dataset, _ = import_pictures(TWO, AT_28)
    file = data / "packs" / dataset.upload / "images.npy"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match="are damaged"):
        dataset.open(CPU)


def test_faces_flip_and_own_pictures_do_not():
    dataset, _ = import_pictures(TWO, AT_28)
    faces, same = import_pictures(TWO, AT_28, dataset="celeba")
    assert same.startswith("2 colour pictures")
    assert (dataset.flips, faces.flips) == (False, True)
    assert (dataset.load().flips, faces.load().flips) == (False, True)


@pytest.mark.slow
def test_command_line(tmp_path):
    folder = fill(tmp_path / "mine", [*NESTED, ("animals/notes.txt", b"text")])
    done = command("import-pictures", folder, "--size", 32, "--fit", "squash")
    assert done.returncode == 0, done.stderr
    assert "6 colour pictures, squashed, 32 × 32 pixels, in 2 folders." in done.stderr
    assert "Left out: not a picture (1)." in done.stderr
    assert DATASETS.create(json.loads(done.stdout)).size == 6


def test_command_line_for_faces_and_for_what_it_refuses(tmp_path, capsys):
    faces = str(zip_of(NESTED, tmp_path / "faces.zip"))
    assert main(["import-pictures", faces, "--celeba"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "celeba"
    assert main(["import-pictures", faces, "--size", "31"]) == 2
    assert "gan_core: import: size = 31 is not one of" in capsys.readouterr().err
