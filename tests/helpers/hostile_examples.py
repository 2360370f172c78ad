"""For each kind of bad input, a strategy of examples and what is done with one."""

from __future__ import annotations

import copy
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from hypothesis import strategies as st

from gan_core import ExperimentConfig
from gan_core.config import REGISTRIES
from gan_core.data.csv_column import numeric_columns, store_column
from gan_core.data.tables.table import read_table
from gan_core.evaluation.frozen_generator import load_generator
from gan_core.storage import checkpoint, run_zip, runs_folder
from gan_core.storage.run_folder import RunFolder
from tests.helpers.hostile_trial import EXPERIMENTS, STEPS, Trial

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-3, 3)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["tensor:", "tensor:/state/ema", "../x", "\x00", "²", "cuda", "nan"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
TENSORS = st.builds(
    lambda shape, dtype, fill: torch.full(shape, fill).to(dtype),
    st.lists(st.integers(0, 5), max_size=3),
    st.sampled_from([torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool]),
    st.sampled_from([0.0, 1.0, -1.0, 1e30, float("nan"), float("inf")]),
)
NAMES = st.text(max_size=30) | st.sampled_from(
    [
        "../../evil",
        "/etc/passwd",
        "..",
        ".",
        "C:\\evil",
        "runs/../../evil",
        "checkpoints/../../../evil.safetensors",
        "samples/step-00000001.png/x",
        "<script>alert(1)</script>",
        "a" * 5_000,
        "nul\x00byte",
    ]
)


class Payload:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return Path.touch, (Path(self.marker),)


def a_part(key: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(REGISTRIES[key].names()).map(lambda name: {"name": name}) | VALUES


def configs(trial: Trial) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    nearly = st.fixed_dictionaries(
        {},
        optional={
            **{key: a_part(key) for key in REGISTRIES if key not in ("generator", "discriminator")},
            "architecture": VALUES
            | st.fixed_dictionaries(
                {}, optional={key: a_part(key) for key in ("generator", "discriminator")}
            ),
            "seed": SCALARS,
            "batch_size": SCALARS,
            "latent_dim": SCALARS,
            "ema_decay": SCALARS,
        },
    )
    return VALUES | nearly, ExperimentConfig.from_dict


def links(trial: Trial) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    def follow(link: tuple[str, str]) -> None:
        setup, run = link
        found = runs_folder.find_run(run)
        if found is not None and found.path.parent != trial.place / "runs":
            raise RuntimeError(f"{run!r} led to {found.path}")
        trial.folders[0].rename(run)
        if len(trial.folders[0].metadata().name.splitlines()) != 1:
            raise RuntimeError("a name of two lines")
        ExperimentConfig.from_json(setup)

    texts = st.text(max_size=40) | VALUES.map(json.dumps) | st.just("[" * 10_000)
    return st.tuples(texts, NAMES), follow


def tables(trial: Trial) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    def take(content: bytes) -> None:
        table = read_table(content)
        for name in numeric_columns(table)[:2]:
            store_column(table, name)

    cells = st.floats().map(str) | st.integers().map(str) | NAMES | st.just("=cmd|' /C calc'!A0")
    rows = st.lists(st.lists(cells, max_size=4), max_size=8)
    written = st.builds(
        lambda lines, mark: "\n".join(mark.join(line) for line in lines).encode("utf-8", "replace"),
        rows,
        st.sampled_from([",", ";", "\t", " "]),
    )
    return st.binary(max_size=200) | written, take


def changed(data: st.DataObject, content: Any) -> Any:
    """Return nested values in which one place, drawn by chance, is something else."""
    made = copy.deepcopy(content)
    here = made
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        inner = here[key]
        deeper = (
            isinstance(inner, dict | list)
            and len(inner)
            and data.draw(st.booleans() | st.just(True))
        )
        if deeper:
            here = inner
            continue
        what = data.draw(st.sampled_from(["value", "tensor", "gone", "twice", "like"]))
        if what == "gone":
            del here[key]
        elif what == "twice" and isinstance(here, dict):
            here[data.draw(st.text(max_size=8) | st.integers(0, 9).map(str))] = copy.deepcopy(inner)
        elif what == "like" and isinstance(inner, torch.Tensor) and inner.is_floating_point():
            here[key] = torch.full_like(
                inner, data.draw(st.sampled_from([0.0, 1e30, float("nan")]))
            )
        else:
            here[key] = data.draw(TENSORS if what == "tensor" else VALUES)
        break
    return made


def use(folder: RunFolder) -> None:
    """Do with an opened run what a page does: train it, look at it, save it."""
    trainer, _ = folder.open("cpu", "eager")
    trainer.snapshot()
    trainer.step(2)
    for moment in trainer.timeline.frames:
        moment.pixels()
    checkpoint.to_bytes(checkpoint.capture(trainer))
    for waypoint in trainer.state_history.snapshots[:1]:
        trainer.restore_to(waypoint)
        trainer.step(1)


def checkpoints_(trial: Trial) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    folder = RunFolder(trial.place / "runs" / "0-tried")

    def take(data: st.DataObject) -> None:
        which = data.draw(st.integers(0, len(EXPERIMENTS) - 1))
        content = trial.contents[which]
        if data.draw(st.integers(0, 3)):
            whole = checkpoint.to_bytes(changed(data, content))
        else:
            whole = spoilt(data, checkpoint.to_bytes(content))
        folder.create()
        folder.checkpoint_path(STEPS).write_bytes(whole)
        (folder.path / "past.safetensors").write_bytes(trial.files[which]["past.safetensors"])
        trial.attempt("checkpoints", lambda: use(folder))
        trial.attempt("checkpoints", lambda: require(folder.metadata()))

    return st.data(), take


def require(about: object) -> None:
    if about is None:
        raise ValueError("There is no run.")


def spoilt(data: st.DataObject, content: bytes) -> bytes:
    """Return bytes with some of them changed, or cut short."""
    made = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    return bytes(made[: data.draw(st.just(len(made)) | st.integers(0, len(made)))])


def zips(trial: Trial) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    def take(data: st.DataObject) -> None:
        which = data.draw(st.integers(0, len(EXPERIMENTS) - 1))
        files = dict(trial.files[which])
        name = data.draw(st.sampled_from(sorted(files)))
        what = data.draw(
            st.sampled_from(["name", "content", "state", "run.json", "spoilt", "bytes"])
        )
        if what == "name":
            files[data.draw(NAMES)] = files.pop(name)
        elif what == "content":
            files[name] = (
                data.draw(st.binary(max_size=300))
                if data.draw(st.booleans())
                else spoilt(data, files[name])
            )
        elif what == "state":
            place = next(n for n in files if n.startswith("checkpoints/"))
            files[place] = checkpoint.to_bytes(changed(data, trial.contents[which]))
        elif what == "run.json":
            files["run.json"] = json.dumps(
                changed(data, json.loads(files["run.json"])), default=str
            ).encode()
        how = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
        whole = zipped(files, how)
        if what == "bytes":
            whole = spoilt(data, whole)
        trial.attempt("zips", lambda: import_and_drop(whole))

    return st.data(), take


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as made:
        for name, content in files.items():
            made.writestr(name.encode("utf-8", "replace").decode() or "?", content)
    return file.getvalue()


def import_and_drop(whole: bytes) -> None:
    made = run_zip.import_run(io.BytesIO(whole))
    try:
        require(made.metadata())
        use(made)
        run_zip.export_run(made, io.BytesIO())
    finally:
        made.delete()


def pickles(trial: Trial) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    folder = RunFolder(trial.place / "runs" / "0-pickled")

    def take(data: st.DataObject) -> None:
        protocol = data.draw(st.integers(0, pickle.HIGHEST_PROTOCOL))
        content = data.draw(VALUES)
        evil = pickle.dumps([content, Payload(str(trial.marker))], protocol)
        if data.draw(st.booleans()):
            file = io.BytesIO()
            torch.save({"state": Payload(str(trial.marker))}, file)
            evil = file.getvalue()
        way = data.draw(st.integers(0, 4))
        folder.create()
        folder.checkpoint_path(STEPS).write_bytes(evil)
        files = dict(trial.files[0])
        name = data.draw(st.sampled_from(sorted(files)))
        files[name] = evil
        loose = trial.place / "runs" / "0-pickled" / "past.safetensors"
        loose.write_bytes(evil)
        trial.attempt(
            "pickles",
            [
                lambda: use(folder),
                lambda: import_and_drop(zipped(files)),
                lambda: import_and_drop(evil),
                lambda: load_generator(loose, torch.device("cpu")),
                lambda: read_table(evil),
            ][way],
        )

    return st.data(), take


KINDS = {
    "configs": configs,
    "links": links,
    "tables": tables,
    "checkpoints": checkpoints_,
    "zips": zips,
    "pickles": pickles,
}
