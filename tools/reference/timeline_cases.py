"""Input and our side of the timeline comparisons: random and named tables, made-up features, a stand-in encoder.

Nothing here needs the real packages, so the ordinary tests use it too.
"""

import random
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.features import FeatureGrid, to_index, window_features
from tribe_np.timeline.segments import Window, chunk_events, plan

SHAPE = (2, 3)  # layer groups and feature width of the features made here
Record = dict[str, Any]


def some_time(draw: random.Random, low: float, high: float) -> float:
    """A time that often falls on a rounding tie or an edge."""
    kind = draw.randrange(5)
    value = draw.uniform(low, high)
    return [value, round(value * 4) / 4, round(value * 20) / 20, round(value, 3), float(round(value))][kind]


def feature(key: str, n: int) -> np.ndarray:
    """n float32 numbers in [-1, 1) that depend on the key alone, on any machine."""
    return np.array([zlib.crc32(f"{key}|{i}".encode()) / 2**31 - 1 for i in range(n)], np.float32)


def word_vector(text: str) -> np.ndarray:
    """Static features of a word, (2, 3)."""
    return feature(text, 6).reshape(SHAPE)


def sound_features(offset: float, duration: float) -> np.ndarray:
    """Dense 2 Hz features of a chunk of sound, (2, 3, T)."""
    T = to_index(duration, 2.0)
    return feature(f"sound {offset:.6f}", 6 * T).reshape(*SHAPE, T)


def random_items(draw: random.Random, start: float, duration: float, n_items: int) -> list[FeatureGrid]:
    """Static and dense items in and around a window."""
    items = []
    for index in range(n_items):
        begin = start + some_time(draw, -5, duration + 3)
        long = draw.random() < 0.3
        length = max(0.6, some_time(draw, 0.6, 20)) if long else max(0.0, some_time(draw, -0.3, 2))
        values = sound_features(index, length) if long else word_vector(f"{index} {begin}")
        items.append(FeatureGrid(values, 2.0 if long else 0.0, begin, length))
    return items


def random_table(seed: int, *, n_words: int = 80, longest: float = 260.0) -> list[Record]:
    """Rows of one to three timelines in no order: sounds, films, words, a text, rows without duration, ties."""
    draw = random.Random(seed)
    rows: list[Record] = []
    for timeline in draw.sample(["b", "a", "run 10", "C"], draw.choice([1, 1, 2, 3])):
        origin, length = draw.choice([0.0, 0.0, 3.2, some_time(draw, 0, 9)]), max(1.0, some_time(draw, 1, longest))
        media = {"start": origin, "duration": length, "timeline": timeline, "subject": draw.choice(["s1", "s2"])}
        rate = draw.choice([44100.0, 16000.0, 25.0, 10.0])
        rows.append(
            media | {"type": "Audio", "filepath": "x:a.wav", "frequency": rate, "offset": draw.choice([0.0, 7.5])}
        )
        if draw.random() < 0.3:
            rows.append(media | {"type": "Audio", "start": origin + 20, "filepath": "x:b.wav", "frequency": 44100.0})
        if draw.random() < 0.4:
            rows.append(media | {"type": "Video", "filepath": "x:v.mp4", "frequency": 25.0})
        for index in range(draw.choice([0, n_words // 2, n_words, 2 * n_words])):
            begin = origin + some_time(draw, 0, length)
            word = {"start": begin, "duration": max(0.0, some_time(draw, -0.2, 1.5)), "text": f"w{index} {begin}"}
            rows.append(word | {"type": "Word", "timeline": timeline, "context": "a context"})
        if draw.random() < 0.5:
            rows.append(
                {"type": "Text", "start": origin, "duration": length, "timeline": timeline, "text": "all of it"}
            )
    draw.shuffle(rows)
    return rows


def exact_lengths(rows: list[Record], seed: int) -> list[Record]:
    """The rows with media durations near the edges of the chunk rule."""
    draw = random.Random(seed)
    edges = [20, 59.9999999, 60, 60.0004, 61, 89.99999999, 89.9999, 90, 90.0000001, 100, 119.99, 125, 150, 200.4]
    return [row | {"duration": float(draw.choice(edges))} if row["type"] in ("Audio", "Video") else row for row in rows]


def events_of(rows: Sequence[Record]) -> Events:
    """Our table of the same rows, with the empty subject that a table without one has."""
    return Events(Event(**({"subject": ""} | row)) for row in rows)


def table_rows(table: Any) -> list[list[Any]]:
    """Rows of our table or of a DataFrame in one form: what both have."""
    if isinstance(table, Events):
        return [[e.type, e.start, e.duration, e.stop, e.timeline, e.subject, e.offset, e.text] for e in table]
    frame = table.copy()
    for name, default in (("offset", 0.0), ("text", "")):
        frame[name] = frame[name].fillna(default) if name in frame else default
    names = ["type", "start", "duration", "stop", "timeline", "subject", "offset", "text"]
    return frame[names].astype(object).values.tolist()


def chunked(rows: Sequence[Record]) -> Events:
    """The same by us."""
    return chunk_events(chunk_events(events_of(rows), "Audio"), "Video")


def sum_pairs(features: dict[str, np.ndarray], n_trs: int) -> np.ndarray:
    """A stand-in for the encoder: the steps of each TR added, modalities stacked: (12, R), zeros where absent."""
    out = np.zeros((12, n_trs), np.float32)
    for place, name in enumerate(("text", "audio")):
        if name in features:
            pairs = features[name].reshape(6, n_trs, -1)
            total = pairs[..., 0]
            for index in range(1, pairs.shape[-1]):
                total = total + pairs[..., index]
            out[6 * place : 6 * place + 6] = total
    return out


def our_features(window: Window, kinds: set[str]) -> dict[str, np.ndarray]:
    """Features of one of our windows; a modality absent from the whole table is left out."""
    found = {}
    if "Word" in kinds:
        words = [FeatureGrid(word_vector(e.text), 0.0, e.start, e.duration) for e in window.events if e.type == "Word"]
        found["text"] = window_features(words, window.start, window.duration, 2.0, SHAPE)
    if "Audio" in kinds:
        sounds = [e for e in window.events if e.type == "Audio"]
        grids = [FeatureGrid(sound_features(e.offset, e.duration), 2.0, e.start, e.duration) for e in sounds]
        found["audio"] = window_features(grids, window.start, window.duration, 2.0, SHAPE)
    return found


def our_plan(
    events: Events, duration_trs: int, overlap_trs: int, tr: float, drop: bool
) -> tuple[np.ndarray, list[Any]]:
    """The same by us."""
    rows, kept = [], []
    windows = plan(events, duration_trs=duration_trs, overlap_trs=overlap_trs, tr=tr, drop_incomplete=drop)
    for window in windows:
        predictions = sum_pairs(our_features(window, {e.type for e in events}), duration_trs)
        rows += [predictions[:, index] for index in window.kept_rows]
        kept += window.kept
    return np.stack(rows), kept


def segment_rows(segments: Sequence[Any]) -> list[list[Any]]:
    """Kept segments of either side: start, duration, timeline, and its events in order."""
    rows = []
    for one in segments:
        held = one.events if isinstance(one.events, tuple) else one.ns_events
        rows.append(
            [float(one.start), float(one.duration), one.timeline, [[e.type, e.start, e.duration] for e in held]]
        )
    return rows


def plan_cases() -> list[tuple[str, list[Record], tuple[int, int, float, bool]]]:
    """Named tables: the edges of the window, keep and order rules."""
    plain = (100, 0, 1.0, False)

    def sound(start: float, duration: float, timeline: str = "default", offset: float = 0.0) -> Record:
        return {"type": "Audio", "start": start, "duration": duration, "timeline": timeline, "filepath": "x:a.wav",
                "frequency": 44100.0, "offset": offset}  # fmt: skip

    def word(start: float, duration: float, timeline: str = "default") -> Record:
        return {"type": "Word", "start": start, "duration": duration, "timeline": timeline, "text": f"w{start}"}

    dense = [word(round(0.37 * i, 2), 0.5 + (i % 7) / 10) for i in range(300)]
    return [
        ("a sound of 52.21 s with words", [sound(0, 52.21), word(0.25, 0.5), word(51.9, 0.31)], plain),
        ("origin at 3.2 s", [sound(3.2, 9.9), word(4.0, 0.4), word(12.9, 0.2)], plain),
        ("a word across 100 s", [sound(0, 60), sound(60, 45.5, offset=60.0), word(99.8, 0.5)], plain),
        ("a gap", [sound(0, 10), sound(150, 10.4)], plain),
        ("two timelines, b first", [sound(0, 3.5, "b"), sound(0, 2, "a"), word(1.0, 0.3, "a")], plain),
        ("exactly 100 s", [sound(0, 100)], plain),
        ("1e-6 before 0 makes 100 s two windows", [sound(0, 100), word(-1e-6, 0.4)], plain),
        ("overlap of 20 TRs", [sound(0, 60), sound(60, 90, offset=60.0), word(85.1, 0.6)], (100, 20, 1.0, False)),
        ("250 s, incomplete dropped", [sound(0, 60), sound(60, 60, offset=60.0), sound(120, 130, offset=120.0)],
         (100, 0, 1.0, True)),
        ("words alone", [word(0.5, 0.3), word(7.0, 0.3)], plain),
        ("300 words in one block", [sound(0, 60), sound(60, 60, offset=60.0), *dense], plain),
        ("TR of 2 s", [sound(0, 60), sound(60, 80.3, offset=60.0), word(3, 0.4)], (50, 0, 2.0, False)),
        ("origin in the middle of a step", [sound(1.13, 60), word(1.38, 0.3), *dense[:60]], plain),
    ]  # fmt: skip
