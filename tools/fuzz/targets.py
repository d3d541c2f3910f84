"""What `tools.fuzz` attacks: for each kind of file a good example, the files beside it, and the code that reads it."""

import base64
import gzip
import json
import struct
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from nibabel import Nifti1Image, gifti
from nibabel.cifti2 import Cifti2Image
from nibabel.cifti2.cifti2_axes import BrainModelAxis, LabelAxis
from nibabel.freesurfer import MGHImage, write_geometry, write_morph_data

import extractors.dinov2.random
import extractors.llama.random
import extractors.vjepa2.random
import extractors.wav2vec_bert.random
import tribe_np.encoder.random
from extractors import DinoV2Model, LlamaModel, VJepa2Model, Wav2VecBertModel
from extractors.llama.random_tokenizer import tokenizer_settings
from extractors.llama.tokenizer import LlamaTokenizer
from tools.places import GOLDEN
from tribe_np.cortex.measured.confounds import read_confounds
from tribe_np.cortex.meshes.surface_files import read_map_file, read_surface_file
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.encoder.model import FmriEncoder
from tribe_np.formats.checkpoint import open_checkpoint, read_checkpoint_config
from tribe_np.formats.safetensors import read_header
from tribe_np.formats.voxel_files import open_voxels
from tribe_np.pipeline.config import DataConfig
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import chunk_events, plan

TEXTS = ("Hello, my name is Anna. 123", "a\n\n  b\u3000é 日本語 🧠", "x" * 300)


@dataclass(frozen=True)
class Target:
    """A kind of file."""

    label: str
    name: str  # of the file that is damaged
    content: bytes
    use: Callable[[Path], object]  # reads the folder; TribeError is what it may raise
    others: Mapping[str, bytes] = field(default_factory=dict)
    document: Any = None  # the content as values, where it is JSON or YAML
    is_zip: bool = False
    fragments: tuple[bytes, ...] = ()


def _files(write: Callable[[Path], object]) -> dict[str, bytes]:
    """What `write` puts into a folder."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name))
        return {path.name: path.read_bytes() for path in sorted(Path(name).iterdir())}


def _brain_files() -> dict[str, bytes]:
    dims = {"text": (2, 8), "audio": (2, 8)}
    sizes: dict[str, Any] = {"n_outputs": 6, "n_output_timesteps": 4, "max_seq_len": 8}
    sizes |= {"hidden": 64, "heads": 2, "depth": 1, "low_rank_head": 8}
    return _files(partial(tribe_np.encoder.random.write_random, seed=0, feature_dims=dims, **sizes))


def _run_brain(folder: Path) -> None:
    """Loads the encoder and the rest of its configuration, and runs it."""
    DataConfig.from_dict(read_checkpoint_config(folder).get("data"))
    encoder = FmriEncoder.from_pretrained(folder)
    dims = encoder.build_args.feature_dims
    encoder({m: np.zeros((1, *pair, 8), np.float32) for m, pair in dims.items() if pair is not None})


def _brain(label: str, name: str, *, is_json: bool = False) -> Target:
    files = _brain_files()
    document = json.loads(files[name]) if is_json else None
    if label == "config.yaml":
        document = _values_of(files[name])
    others = {other: raw for other, raw in files.items() if other != name}
    return Target(label, name, files[name], _run_brain, others, document)


def _values_of(content: bytes) -> Any:
    """The content of a config.yaml as values that JSON can hold, which is YAML too."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "config.yaml").write_bytes(content)
        return json.loads(json.dumps(read_checkpoint_config(name)))


def _lightning() -> Target:
    about = read_header(GOLDEN / "batch_norm.safetensors")[1]["about"]
    brain = json.loads(about)["brain"]
    config = json.dumps({"brain_model_config": brain}).encode()

    def use(folder: Path) -> None:
        entries = open_checkpoint(folder).entries
        for entry in entries:
            entry.read()

    content = (GOLDEN / "batch_norm.ckpt").read_bytes()
    return Target("best.ckpt", "best.ckpt", content, use, {"config.yaml": config}, is_zip=True)


def _extractor(label: str, write: Callable[[Path], object], model: Any, name: str) -> Target:
    files = _files(write)
    others = {other: raw for other, raw in files.items() if other != name}
    return Target(label, name, files[name], model.from_pretrained, others, json.loads(files[name]))


def _tokenizer() -> Target:
    document = tokenizer_settings()

    def use(folder: Path) -> None:
        tokenizer = LlamaTokenizer.from_pretrained(folder)
        for text in TEXTS:
            tokenizer.encode(text)

    return Target("tokenizer.json", "tokenizer.json", json.dumps(document).encode(), use, document=document)


def _annotation() -> Target:
    def text(value: bytes) -> bytes:
        return struct.pack(">i", len(value) + 1) + value + b"\0"

    colours = [0x0A0B0C, 0x010203, 0, 0x0A0B0C]
    raw = struct.pack(">i", 4) + b"".join(struct.pack(">2i", i, colour) for i, colour in enumerate(colours))
    raw += struct.pack(">3i", 1, -2, 2) + text(b"table") + struct.pack(">i", 2)
    for index, (name, rgb) in enumerate(((b"L_V1_ROI", (12, 11, 10, 0)), (b"L_V2_ROI", (3, 2, 1, 0)))):
        raw += struct.pack(">i", index) + text(name) + struct.pack(">4i", *rgb)
    others = {"rh.areas.annot": raw.replace(b"L_", b"R_")}
    return Target(
        "annotation", "lh.areas.annot", raw, lambda folder: load_parcellation(folder, 8).indices(["V1"]), others
    )


def _label_file(label: str, name: str, content: bytes) -> Target:
    """A parcellation of both hemispheres in one file, or of one beside another of the same content."""
    other = {name.replace("left", "right"): content} if "left" in name else {}

    def use(folder: Path) -> None:
        load_parcellation(folder / name, 8).indices(["V1"])

    return Target(label, name, content, use, other)


def _gifti_labels() -> Target:
    keys = base64.b64encode(zlib.compress(np.array([1, 2, 0, 1], "<i4").tobytes())).decode()
    table = "".join(f'<Label Key="{key}">{name}</Label>' for key, name in enumerate(("???", "V1", "V2")))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><GIFTI Version="1.0" NumberOfDataArrays="1">'
        f'<LabelTable>{table}</LabelTable><DataArray Intent="NIFTI_INTENT_LABEL" DataType="NIFTI_TYPE_INT32" '
        f'Dimensionality="1" Dim0="4" Encoding="GZipBase64Binary" Endian="LittleEndian"><Data>{keys}</Data>'
        "</DataArray></GIFTI>"
    )
    return _label_file("gifti labels", "left.label.gii", content.encode())


def _cifti_labels() -> Target:
    both = BrainModelAxis.from_surface(np.arange(3), 4, "CortexLeft")
    both += BrainModelAxis.from_surface(np.arange(1, 4), 4, "CortexRight")
    table = {0: ("???", (0, 0, 0, 0)), 1: ("V1", (1, 0, 0, 1)), 2: ("V2", (0, 1, 0, 1))}
    image = Cifti2Image(np.array([[1, 2, 0, 2, 1, 1]], np.int32), header=(LabelAxis(["areas"], table), both))
    return _label_file("cifti labels", "areas.dlabel.nii", image.to_bytes())


def _region_table() -> Target:
    rows = "".join(f"{side},{vertex},V{vertex}\n" for side in ("left", "right") for vertex in range(4))
    return _label_file("region table", "areas.csv", f"hemisphere,vertex,region\n{rows}".encode())


def _surface(label: str, name: str, content: Callable[[], bytes]) -> Target:
    """A left hemisphere that a mesh is read from."""
    return Target(label, name, content(), lambda folder: read_surface_file(folder / name, "left", in_place=True))


def _small_surface() -> tuple[np.ndarray, np.ndarray]:
    """An octahedron on the left."""
    corners = np.concatenate([np.eye(3), -np.eye(3)]) * 10 - (40, 0, 0)
    faces = [(a, b, c) for a in (0, 3) for b in (1, 4) for c in (2, 5)]
    return corners.astype(np.float32), np.array(faces, np.int32)


def _freesurfer_surface() -> bytes:
    files = _files(lambda folder: write_geometry(folder / "lh.white", *_small_surface(), create_stamp="made"))
    return files["lh.white"]


def _freesurfer_map() -> Target:
    values = np.arange(6, dtype=np.float32)
    raw = _files(lambda folder: write_morph_data(folder / "lh.sulc", values))["lh.sulc"]
    return Target("freesurfer map", "lh.sulc", raw, lambda folder: read_map_file(folder / "lh.sulc", "left"))


def _freesurfer_patch() -> Target:
    corners, _ = _small_surface()
    rows = [struct.pack(">i3f", (i + 1) * (-1) ** i, *corners[i]) for i in range(5)]
    raw = struct.pack(">2i", -1, 5) + b"".join(rows)

    def use(folder: Path) -> None:
        read_surface_file(folder / "lh.flat", "left", whole=folder / "lh.sphere")

    return Target("freesurfer patch", "lh.flat", raw, use, {"lh.sphere": _freesurfer_surface()})


def _gifti_surface() -> bytes:
    """Coordinates packed, triangles as text."""
    corners, faces = _small_surface()
    meta = gifti.GiftiMetaData({"AnatomicalStructurePrimary": "CortexLeft"})
    arrays = [
        gifti.GiftiDataArray(corners, intent="NIFTI_INTENT_POINTSET", datatype="NIFTI_TYPE_FLOAT32", meta=meta),
        gifti.GiftiDataArray(faces, intent="NIFTI_INTENT_TRIANGLE", datatype="NIFTI_TYPE_INT32", encoding="ASCII"),
    ]
    raw: bytes = gifti.GiftiImage(darrays=arrays).to_bytes()
    return raw


def _scan(label: str, name: str) -> Target:
    values = np.random.default_rng(0).normal(size=(3, 4, 5, 6)).astype(np.float32)
    image = MGHImage(values, np.eye(4)) if ".mg" in name else Nifti1Image(values, np.eye(4))
    files = _files(lambda folder: image.to_filename(folder / name))

    def use(folder: Path) -> object:
        file = open_voxels(folder / name)
        return file.read(0, file.n_volumes)

    return Target(label, name, files[name], use)


def _confounds() -> Target:
    content = b"trans_x\ttrans_x_derivative1\n0.1\tn/a\n0.2\t0.1\n-0.3\t1e-3\n"
    return Target("confounds", "c.tsv", content, lambda folder: read_confounds(folder / "c.tsv", ["all"], 3, []))


def _events() -> Target:
    rows = [
        Event("Audio", 0.0, 130.0, filepath="a.wav", frequency=16e3), Event("Word", 1.0, 0.5, text="one", text_char=0),
        Event("Video", 0.0, 70.5, filepath="a.mp4", frequency=25.0), Event("Word", 2.0, 0.5, text="two\tthree"),
    ]  # fmt: skip
    content = _files(lambda folder: Events(rows).to_tsv(folder / "events.tsv"))["events.tsv"]

    def use(folder: Path) -> None:
        events = Events.from_tsv(folder / "events.tsv").standardized()
        events.to_tsv(folder / "again.tsv")
        for kind in ("Audio", "Video"):
            events = chunk_events(events, kind)
        plan(events, duration_trs=100)

    numbers = ("nan", "inf", "-1", "1e300", "1e9", "-1e300", "9" * 400, "1e-320", "0x10", "1_0", "٣")
    fragments = tuple(text.encode() for text in (*numbers, "\t", "\n", '"', '""', "Audio", "\x1b[2J", "\r", "Word"))
    return Target("events.tsv", "events.tsv", content, use, fragments=fragments)


TARGETS: dict[str, Callable[[], Target]] = {
    "weights": lambda: _brain("weights", "model.safetensors"),
    "best.ckpt": _lightning,
    "config.yaml": lambda: _brain("config.yaml", "config.yaml"),
    "build_args.json": lambda: _brain("build_args.json", "build_args.json", is_json=True),
    "llama": lambda: _extractor(
        "llama", partial(extractors.llama.random.write_random, seed=0, n_layers=1), LlamaModel, "config.json"
    ),
    "wav2vec_bert": lambda: _extractor(
        "wav2vec_bert", partial(extractors.wav2vec_bert.random.write_random, seed=0, n_layers=1),
        Wav2VecBertModel, "config.json",
    ),
    "filterbank": lambda: _extractor(
        "filterbank", partial(extractors.wav2vec_bert.random.write_random, seed=0, n_layers=1),
        Wav2VecBertModel, "preprocessor_config.json",
    ),
    "vjepa2": lambda: _extractor(
        "vjepa2", partial(extractors.vjepa2.random.write_random, seed=0), VJepa2Model, "config.json"
    ),
    "dinov2": lambda: _extractor(
        "dinov2", partial(extractors.dinov2.random.write_random, seed=0), DinoV2Model, "config.json"
    ),
    "tokenizer.json": _tokenizer,
    "annotation": _annotation,
    "gifti labels": _gifti_labels,
    "cifti labels": _cifti_labels,
    "region table": _region_table,
    "nifti": lambda: _scan("nifti", "bold.nii"),
    "packed nifti": lambda: _scan("packed nifti", "bold.nii.gz"),
    "mgh": lambda: _scan("mgh", "bold.mgh"),
    "confounds": _confounds,
    "freesurfer surface": lambda: _surface("freesurfer surface", "lh.white", _freesurfer_surface),
    "freesurfer map": _freesurfer_map,
    "freesurfer patch": _freesurfer_patch,
    "gifti surface": lambda: replace(
        _surface("gifti surface", "lh.white.gii", _gifti_surface),
        fragments=(b"<", b">", b'"', b"3", b"-1", b"999999999", b"Base64Binary", b"GZipBase64Binary", b"ASCII", b"&",
                   b"NIFTI_TYPE_FLOAT64", b"NIFTI_TYPE_UINT8", b"</Data>", b"BigEndian", b"ColumnMajorOrder"),
    ),
    "packed gifti": lambda: _surface(
        "packed gifti", "lh.white.gii.gz", lambda: gzip.compress(_gifti_surface(), mtime=0)
    ),
    "events.tsv": _events,
}  # fmt: skip
"""Each kind by its label; made when it is attacked."""
