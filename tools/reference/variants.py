"""Whole runs under other settings of config.yaml than the released ones, beside neuralset's own extractors.

Each variant changes what people change: layers and their aggregation, rates, windows, models of pictures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import extractors.dinov2.random
import extractors.llama.random
import extractors.vjepa2.random
import extractors.wav2vec_bert.random
import tribe_np.encoder.random
from tools.reference.dinov2 import VARIANTS as DINOV2
from tools.reference.measure import Row, worst
from tools.reference.predictions import EXACT_INPUT, FLOAT32_INPUT, FLOOR, PEER, same
from tools.reference.predictions_cases import (
    N_OUTPUTS,
    Models,
    hand_made,
    run_ours,
    segment_rows,
    spoken_words,
    working_folder,
    write_film,
)
from tribe_np.encoder.random_config import experiment_config
from tribe_np.formats.weights import read_json
from tribe_np.pipeline.config import DataConfig
from tribe_np.timeline.events import Events

SECONDS, SEEN = 3.35, 2.9
"""Length of the film, and of its part that is used: past the end neuralset shows a picture at random."""
WRITERS: Mapping[str, Callable[..., Path]] = {
    "text": extractors.llama.random.write_random, "audio": extractors.wav2vec_bert.random.write_random,
    "video": extractors.vjepa2.random.write_random, "image": extractors.dinov2.random.write_random,
}  # fmt: skip
FOLDERS = {"text": "text", "audio": "audio", "video": "vjepa2", "image": "dino"}  # upstream knows V-JEPA by its name
SMALL: Mapping[str, dict[str, Any]] = {
    "text": {"n_layers": 4}, "audio": {"n_layers": 4}, "video": {"num_hidden_layers": 4, "crop_size": 32},
    "image": {"num_hidden_layers": 4},
}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """Settings of `data` and of `brain_model_config`; a film with words, or, with `sounds`, a table of two sounds."""

    name: str
    modalities: tuple[str, ...] = ("text", "audio", "video")
    data: Mapping[str, Any] = field(default_factory=dict)
    brain: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    duration_trs: int = 3
    sounds: bool = False
    dims: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # where aggregation over events changes them


EVERY = ("text", "audio", "video", "image")
CACHED = {
    **{f"{m}_feature": {"cache_n_layers": 3} for m in ("text", "audio")},
    **{f"{m}_feature": {"image": {"cache_n_layers": 3}} for m in ("video", "image")},
}
PLAIN: tuple[Variant, ...] = (
    Variant("mean of layers", EVERY, {"layer_aggregation": "mean"}),
    Variant("one layer", EVERY, {"layers_to_use": [0.5]}, {"layer_aggregation": "mean"}),
    Variant("layers kept apart", data={"layer_aggregation": None, "layers_to_use": [0.0, 0.25, 1.0]}),
    Variant("three layers", data={"layers_to_use": None, "n_layers_to_use": 3}),
    Variant("few states", EVERY, CACHED),
    Variant("5 Hz, TR of 0.77 s", data={"frequency": 5.0, "neuro": {"frequency": 1.3}}),
    Variant("long clips", ("video",), {"video_feature": {"clip_duration": 8.0}}),
    Variant("overlap, complete windows", ("text", "audio"), {"overlap_trs_train": 2, "stride_drop_incomplete": True},
            duration_trs=5, sounds=True),
    Variant("sounds one after the other", ("audio",), {"layer_aggregation": "mean",
            "audio_feature": {"aggregation": "cat"}}, duration_trs=110, sounds=True, dims={"audio": (1, 128)}),
    Variant("sounds stacked", ("audio",), {"layer_aggregation": "mean", "audio_feature": {"aggregation": "stack"}},
            duration_trs=110, sounds=True, dims={"audio": (2, 64)}),
)  # fmt: skip
FRAMES = tuple(
    Variant(f"frames_per_clip {n}", ("video",), models={"video": {"frames_per_clip": n}}) for n in (8, 16, 32, 64)
)
PICTURES = (Variant("DINOv2 giant with registers", ("image",), models={"image": DINOV2[-1]}),)
CASES = (*PLAIN, *FRAMES, *PICTURES)


def write_models(folder: Path, variant: Variant) -> Models:
    """The random models of a variant."""
    made = {}
    for n, m in enumerate(variant.modalities):
        options = SMALL[m] | dict(variant.models.get(m, {}))
        made[m] = WRITERS[m](folder / FOLDERS[m], seed=n + 1, **options)
    data = tribe_np.encoder.random.merged(experiment_config(list(made), {}, variant.duration_trs)["data"], variant.data)
    read = DataConfig.from_dict(data)
    dims = {}
    for m, path in made.items():
        config = read_json(path / "config.json")
        groups = read.extractors[m].selection.groups(config["num_hidden_layers"] + 1, subselect=m != "audio")
        dims[m] = variant.dims.get(m, (len(groups), config["hidden_size"]))
    tribe_np.encoder.random.write_random(
        folder / "encoder", seed=9, feature_dims=dims, n_outputs=N_OUTPUTS, n_output_timesteps=variant.duration_trs,
        hidden=96, heads=3, low_rank_head=40, max_seq_len=256, brain=variant.brain, data=variant.data,
    )  # fmt: skip
    return Models(folder / "encoder", made)


def events_of(folder: Path, variant: Variant) -> Events:
    """A film with sound and words, or the hand-made table of sounds and words."""
    from tools.reference.predictions_peer import as_events, peer_events

    if variant.sounds:
        kinds = {"Word", "Audio"} if "text" in variant.modalities else {"Audio"}
        return Events(e for e in hand_made(folder) if e.timeline == "late" and e.type in kinds)
    path = write_film(folder / "film.mp4", 8, SECONDS, sound=True)
    events = as_events(peer_events(path, "Video", spoken_words(8, SECONDS - 0.3)))
    return Events(replace(e, duration=SEEN) if e.type == "Video" else e for e in events)


def compare(variant: Variant) -> list[Row]:
    """Rows, features of every window and predictions, live, in both precisions."""
    from tools.reference.predictions_peer import run_composed

    with working_folder() as folder:
        models, events = write_models(folder / "models", variant), events_of(folder, variant)
        table = events.to_dataframe()
        peer32, segments = run_composed(models, table, double=False)
        peer64, _ = run_composed(models, table, double=True)
        ours32, kept = run_ours(models.ours(), events)
        ours64, _ = run_ours(models.ours(precision="float64"), events)
    shapes = {stage: (ours32[stage].shape, array.shape) for stage, array in peer32.items()}
    if differing := {stage: pair for stage, pair in shapes.items() if pair[0] != pair[1]}:
        raise AssertionError(f"{variant.name}: shapes, ours and the peer's: {differing}")
    rows = [same("variant/rows", 0, segment_rows(kept), segment_rows(segments))]
    for names, patched in ((EXACT_INPUT, True), ((*FLOAT32_INPUT, "features.image"), False)):
        chosen = {stage: values for stage, values in peer32.items() if stage in names}
        rows += worst("variant", PEER, variant.name, ours32, chosen, peer64, ours64, patched=patched, floor=FLOOR)
    return rows
