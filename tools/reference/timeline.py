"""Time arithmetic against neuralset 0.0.2: every comparison is exact (floor 0), since nothing here may differ.

Stages: the 2 Hz grid, overlaps, windows, chunks, the standardised table, and whole plans from events to the rows of
`predict`. The dump runs tribev2's own `Data.get_loaders` and `TribeModel.predict`; the live comparison, which has only
what PyPI installs, runs neuralset's segments and dataset on the same events.
"""

import hashlib
import json
import random
import sys
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tools.reference.measure import Row
from tools.reference.timeline_cases import (
    SHAPE,
    Record,
    chunked,
    events_of,
    exact_lengths,
    our_plan,
    plan_cases,
    random_items,
    random_table,
    segment_rows,
    some_time,
    sound_features,
    sum_pairs,
    table_rows,
    word_vector,
)
from tools.reference.triggers import with_triggers
from tribe_np.errors import EventsError
from tribe_np.oracle import relative_error
from tribe_np.timeline.features import FeatureGrid, overlap, window_features
from tribe_np.timeline.segments import list_windows

PEER = "neuralset 0.0.2"


def grid_case(draw: random.Random, aggregation: str) -> tuple[np.ndarray, np.ndarray]:
    """Ours and the peer's features of one random window."""
    from neuralset.base import TimedArray
    from neuralset.extractors.base import BaseExtractor

    start, duration = some_time(draw, -3, 120), max(0.1, some_time(draw, 0.1, 12))
    items = random_items(draw, start, duration, draw.randrange(1, 12))
    ours = window_features(items, start, duration, 2.0, SHAPE, aggregation)
    chosen = {"first": items[:1], "last": items[-1:], "middle": [items[len(items) // 2]]}.get(aggregation, items)
    arrays = []
    for item in chosen:
        timed = TimedArray(data=item.data, frequency=item.frequency, start=item.start, duration=item.duration)
        arrays.append(timed.overlap(start, duration) if item.frequency else timed)
    peer = BaseExtractor._tarrays_to_tensor(arrays, start, duration, 2.0, aggregation)
    return ours, peer.numpy()


def overlap_case(draw: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """The part of a dense array inside a random window: start, duration and values in one row."""
    from neuralset.base import TimedArray

    length = some_time(draw, 0.6, 30)
    begin, start, duration = some_time(draw, -5, 90), some_time(draw, -5, 110), max(0.0, some_time(draw, -1, 12))
    values = sound_features(begin, max(0.6, length))
    grid = FeatureGrid(values, 2.0, begin, max(0.6, length))
    part = overlap(grid, start, duration)
    peer = TimedArray(data=values, frequency=2.0, start=begin, duration=max(0.6, length)).overlap(start, duration)
    if part is None:
        return np.zeros(0, np.float32), np.asarray(peer.data).ravel()
    return np.r_[part.start, part.duration, part.data.ravel()], np.r_[peer.start, peer.duration, peer.data.ravel()]


def windows_case(draw: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """Window starts over a random span, NaN where there is none."""
    from neuralset.segments import _prepare_strided_windows

    start, tr = some_time(draw, -1, 5), draw.choice([1.0, 1.49, 2.0])
    width, stride = 100 * tr, (100 - draw.choice([0, 0, 20, 99])) * tr
    stop = start + draw.choice(
        [some_time(draw, 0, 500), draw.randrange(6) * stride, draw.randrange(1, 4) * width + 1e-10]
    )
    drop = draw.random() < 0.5
    try:
        peer = _prepare_strided_windows(start, stop, stride, width, drop)[0]
    except RuntimeError:
        peer = np.array([-12345.0])
    try:
        ours = np.array(list_windows(start, stop, stride=stride, width=width, drop_incomplete=drop))
    except EventsError:
        ours = np.array([-12345.0])
    return ours, peer


def standardized_peer(rows: Sequence[Record]) -> Any:
    """The rows through neuralset's standardize_events, as a DataFrame."""
    import pandas
    from neuralset.events.utils import standardize_events

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return standardize_events(pandas.DataFrame(list(rows)))


def chunked_peer(rows: Sequence[Record]) -> Any:
    """The rows with Audio, then Video cut by neuralset's ChunkEvents."""
    from neuralset.events.transforms.chunking import ChunkEvents

    table = standardized_peer(rows)
    for kind in ("Audio", "Video"):
        table = ChunkEvents(event_type_to_chunk=kind, max_duration=60, min_duration=30)._run(table)
    return table


@lru_cache
def peer_extractors() -> dict[str, Any]:
    """A static extractor of words and a dense one of sounds that give `word_vector` and `sound_features`."""
    import torch
    from neuralset.base import TimedArray
    from neuralset.extractors.base import BaseExtractor, BaseStatic

    class VectorOfWord(BaseStatic):
        event_types: str | tuple[str, ...] = "Word"

        def get_static(self, event: Any) -> Any:
            return torch.from_numpy(word_vector(event.text))

    class GridOfSound(BaseExtractor):
        event_types: str | tuple[str, ...] = "Audio"

        def _get_data(self, events: Any) -> Any:
            return [None for _ in events]

        def _get_timed_arrays(self, events: Any, start: float, duration: float) -> Any:
            for event in events:
                values = sound_features(event.offset, event.duration)
                whole = TimedArray(data=values, frequency=2.0, start=0.0, duration=event.duration)
                yield whole.with_start(event.start).overlap(start=start, duration=duration)

    return {"text": VectorOfWord, "audio": GridOfSound}


def prepared_extractors() -> dict[str, Any]:
    """Fresh extractors with the released settings."""
    made = {
        name: kind(frequency=2.0, aggregation="sum", allow_missing=True) for name, kind in peer_extractors().items()
    }
    return made


def peer_plan(table: Any, duration_trs: int, overlap_trs: int, tr: float, drop: bool) -> tuple[np.ndarray, list[Any]]:
    """Predictions of `sum_pairs` and kept segments by neuralset's segments and dataset, composed as tribev2 does."""
    from neuralset.dataloader import SegmentDataset
    from neuralset.segments import list_segments

    table = with_triggers(table)
    made = {name: one for name, one in prepared_extractors().items() if one.event_types in set(table.type)}
    for one in made.values():
        one.prepare(table)
    segments = list_segments(
        table, triggers=table.type == "CategoricalEvent", stride=(duration_trs - overlap_trs) * tr,
        duration=duration_trs * tr, stride_drop_incomplete=drop,
    )  # fmt: skip
    rows, kept = [], []
    for segment, item in zip(segments, SegmentDataset(made, segments), strict=True):
        parts = [segment.copy(offset=t, duration=tr) for t in np.arange(0, segment.duration - 1e-2, tr)]
        predictions = sum_pairs({name: value.numpy()[0] for name, value in item.data.items()}, duration_trs)
        rows += [predictions[:, i] for i, part in enumerate(parts) if part.ns_events]
        kept += [part for part in parts if part.ns_events]
    return np.stack(rows), kept


def upstream_plan(
    table: Any, duration_trs: int, overlap_trs: int, tr: float, drop: bool
) -> tuple[np.ndarray, list[Any]]:
    """The same by tribev2's own get_loaders and predict, with a model that adds pairs of steps."""
    import torch
    from neuralset.extractors.base import LabelEncoder
    from tribev2.demo_utils import TribeModel
    from tribev2.main import Data

    features = prepared_extractors()
    data = SimpleNamespace(
        features_to_use=list(features), **{f"{name}_feature": one for name, one in features.items()},
        subject_id=LabelEncoder(event_types="Event", event_field="subject", aggregation="first"),
        split_segments_by_time=False, overlap_trs_train=overlap_trs, duration_trs=duration_trs, TR=tr,
        stride_drop_incomplete=drop, num_workers=0, batch_size=2,
    )  # fmt: skip
    data.get_loaders = lambda **options: Data.get_loaders(data, **options)

    class Adder(torch.nn.Module):
        device = "cpu"

        def forward(self, batch: Any) -> Any:
            arrays = {name: value.numpy() for name, value in batch.data.items() if name in features}
            n_examples = len(next(iter(arrays.values())))
            each = [sum_pairs({k: v[b] for k, v in arrays.items()}, duration_trs) for b in range(n_examples)]
            return torch.from_numpy(np.stack(each))

    model = SimpleNamespace(_model=Adder(), data=data, remove_empty_segments=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TribeModel.predict(model, table, verbose=False)


def compare(seed: int) -> list[Row]:
    """Every stage on random input, live."""
    draw = random.Random(seed)
    rows = []
    for aggregation in ("sum", "sum", "sum", "mean", "mean", "first", "middle", "last", "cat", "stack"):
        pairs = [grid_case(draw, aggregation) for _ in range(20)]
        rows.append(exact(f"timeline/grid {aggregation}", seed, pairs))
    rows.append(exact("timeline/overlap", seed, [overlap_case(draw) for _ in range(100)]))
    rows.append(exact("timeline/windows", seed, [windows_case(draw) for _ in range(100)]))
    table = random_table(seed)
    rows.append(
        same(
            "timeline/standardize",
            seed,
            table_rows(events_of(table).standardized()),
            table_rows(standardized_peer(table)),
        )
    )
    edges = exact_lengths(table, seed)
    for name, one in (("random", table), ("edges", edges)):
        rows.append(same(f"timeline/chunks {name}", seed, table_rows(chunked(one)), table_rows(chunked_peer(one))))
    options = (draw.choice([100, 100, 20]), draw.choice([0, 0, 10]), draw.choice([1.0, 1.0, 2.0]), False)
    ours, kept = our_plan(chunked(table), *options)
    peer, peer_kept = peer_plan(chunked_peer(table), *options)
    rows.append(same("timeline/plan segments", seed, segment_rows(kept), segment_rows(peer_kept)))
    rows.append(exact("timeline/plan rows", seed, [(ours, peer)]))
    return rows


def exact(stage: str, seed: int, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Row:
    """A row whose error is the worst of the pairs; dtypes must agree too."""
    errors = [relative_error(ours, peer) if ours.dtype == peer.dtype else float("inf") for ours, peer in pairs]
    return Row(stage, PEER, f"seed {seed}", max(errors), 0.0, floor=0)


def same(stage: str, seed: int, ours: list[Any], peer: list[Any]) -> Row:
    """A row for lists that must be equal: the fraction that is not."""
    differing = sum(a != b for a, b in zip(ours, peer, strict=False)) + abs(len(ours) - len(peer))
    return Row(stage, PEER, f"seed {seed}", differing / max(1, len(peer)), 0.0, floor=0)


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Golden copies: timeline.json from neuralset; timeline_plan.json from tribev2 itself, with a checkout."""
    content = {
        "about": f"{PEER}, run for real",
        "grid": dump_grid(),
        "tables": dump_tables(),
        "windows": dump_windows(),
    }
    (folder / "timeline.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
    if upstream is None:
        return ["timeline.json"]
    from tools.reference.torch_setup import skip_torchvision_operators

    skip_torchvision_operators()
    sys.path.insert(0, str(upstream))
    content = {"about": "tribev2 Data.get_loaders and TribeModel.predict, run for real", "cases": dump_plans()}
    (folder / "timeline_plan.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
    return ["timeline.json", "timeline_plan.json"]


def dump_grid() -> list[Any]:
    """[window start, window duration, start, duration, steps that a word fills]."""
    from neuralset.base import TimedArray

    draw = random.Random(5)
    words = [(0.2, 0.2), (0.25, 0.2), (0.26, 0.2), (0.74, 0.3), (0.75, 0.3), (0.75, 0.75), (1.25, 0.75), (1.3, 1.0)]
    words += [(1.0, 0.24), (1.0, 0.25), (1.0, 1.25), (4.9, 0.3), (4.99, 0.0), (-0.3, 0.5), (-0.3, 0.25), (5.0, 1.0)]
    cases = [(0.0, 5.0, *word) for word in words] + [(100.0, 5.0, 99.9, 0.4), (100.0, 5.0, 104.8, 0.5)]
    for _ in range(200):
        start = draw.choice([0.0, 3.2, 100.0, some_time(draw, 0, 500)])
        width = draw.choice([100.0, 7.25, 149.0])
        cases.append((start, width, start + some_time(draw, -2, width + 1), max(0.0, some_time(draw, -0.3, 3))))
    out = []
    for start, width, begin, length in cases:
        grid = TimedArray(frequency=2.0, start=start, duration=width)
        grid += TimedArray(frequency=0, start=begin, duration=length, data=np.ones(1, np.float32))
        out.append([start, width, begin, length, np.flatnonzero(grid.data[0]).tolist()])
    return out


def dump_tables() -> list[Any]:
    """Random tables with what standardize_events and ChunkEvents make of them."""
    out = []
    for seed in range(12):
        rows = random_table(seed, n_words=6)
        rows = exact_lengths(rows, seed) if seed % 2 else rows
        out.append(
            {
                "rows": rows,
                "standardized": table_rows(standardized_peer(rows)),
                "chunked": table_rows(chunked_peer(rows)),
            }
        )
    return out


def dump_windows() -> list[Any]:
    """[start, stop, stride, width, drop, starts or null for an error]."""
    from neuralset.segments import _prepare_strided_windows

    full = (100, 100)
    spans = [(0, 52.21, *full), (0, 100, *full), (0, 100 + 1e-10, *full), (0, 100.4, *full), (0, 250, *full)]
    spans += [(3.2, 210, 90, 100), (0, 0, *full), (0, 150, 80, 100), (-1e-6, 100, *full)]
    out: list[Any] = []
    for span in spans:
        for drop in (False, True):
            try:
                out.append([*span, drop, _prepare_strided_windows(*span, drop)[0].tolist()])
            except RuntimeError:
                out.append([*span, drop, None])
    return out


def dump_plans() -> list[Any]:
    """Tables with the rows that predict keeps, and a digest of the summed features of each."""
    out = []
    for name, rows, options in plan_cases():
        predictions, segments = upstream_plan(standardized_peer(rows), *options)
        brief = [[float(s.start), s.timeline, len(s.ns_events)] for s in segments]
        digest = hashlib.sha256(np.ascontiguousarray(predictions).tobytes()).hexdigest()
        out.append(
            {
                "name": name,
                "rows": rows,
                "options": options,
                "segments": brief,
                "shape": predictions.shape,
                "sha256": digest,
            }
        )
    return out
