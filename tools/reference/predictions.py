"""The whole pipeline, stimulus to predictions, beside the real one.

The dump runs tribev2 itself (with a checkout): from_pretrained, get_events_dataframe and predict on tiny models that
our writers made. The live comparison has only what the package index installs: neuralset's transforms, extractors,
segments and dataset, and the encoder composed from neuraltrain's and x-transformers' parts.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from tools.reference.measure import Row, worst, write_golden
from tools.reference.predictions_cases import (
    CASES,
    GOLDEN_SEED,
    Case,
    Models,
    event_rows,
    packed,
    record_of,
    run_ours,
    segment_rows,
    spoken_words,
    working_folder,
    write_film,
    write_models,
    write_sidecar,
)
from tribe_np.oracle import relative_error

PEER = "neuralset 0.0.2 + transformers 5.23.0 + x-transformers 1.27.20"
FLOOR = 1e-4
EXACT_INPUT = ("features.text", "features.video")  # tokens and pixels are equal to the bit
FLOAT32_INPUT = ("features.audio", "output")  # resampling and mel are float32 in every mode, here and upstream


def compare(seed: int) -> list[Row]:
    """A random film with sound and words, live, in windows of 3 or 4 s, or 100 s."""
    from tools.reference.predictions_peer import as_events, peer_events, run_composed

    with working_folder() as folder:
        models = write_models(folder / "models", seed=seed, duration_trs=(3, 4, 100)[seed % 3])
        seconds = 4.0 + seed % 4 * 0.35
        words = spoken_words(seed, seconds - 0.3)
        path = write_film(folder / "film.mp4", seed, seconds, sound=seed % 5 != 4)
        write_sidecar(folder / "film.tsv", words)
        table = peer_events(path, "Video", words if seed % 5 != 4 else ())
        ours = models.ours().get_events(video_path=path, speech=seed % 5 != 4, transcript=folder / "film.tsv")
        peer32, segments = run_composed(models, table, double=False)
        peer64, _ = run_composed(models, table, double=True)
        events = as_events(table)
        ours32, kept = run_ours(models.ours(), events)
        ours64, _ = run_ours(models.ours(precision="float64"), events)
    rows = [
        same("predictions/events", seed, event_rows(ours), event_rows(events)),
        same("predictions/rows", seed, segment_rows(kept), segment_rows(segments)),
    ]
    for names, patched in ((EXACT_INPUT, True), (FLOAT32_INPUT, False)):
        chosen = {name: values for name, values in peer32.items() if name in names}
        rows += worst(
            "predictions", PEER, f"seed {seed}", ours32, chosen, peer64, ours64, patched=patched, floor=FLOOR
        )  # fmt: skip
    return rows


def same(stage: str, seed: int, ours: list[Any], peer: list[Any]) -> Row:
    """A row for lists that must be equal: the fraction that is not."""
    differing = sum(a != b for a, b in zip(ours, peer, strict=False)) + abs(len(ours) - len(peer))
    return Row(stage, PEER, f"seed {seed}", differing / max(1, len(peer)), 0.0, floor=0)


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes the golden cases, run by tribev2 itself; nothing without a checkout of it."""
    if upstream is None:
        return []
    from tools.reference.predictions_compat import dump_compat
    from tools.reference.torch_setup import skip_torchvision_operators

    skip_torchvision_operators()
    sys.path.insert(0, str(upstream))
    names = []
    with tempfile.TemporaryDirectory(prefix="predictions_") as name:
        work = Path(name)
        for case in CASES:
            models = write_models(work / f"models{case.duration_trs}", seed=GOLDEN_SEED, duration_trs=case.duration_trs)
            if case.committed:
                write_film(folder / case.committed, case.seed, case.seconds, sound=case.sound)
                names.append(case.committed)
            names.append(dump_case(folder, work, case, models))
        names += dump_compat(folder, work)
    return names


def dump_case(folder: Path, work: Path, case: Case, models: Models) -> str:
    """One case: events, segments, features of every window (columns that are not zero) and predictions."""
    from tools.reference.predictions_peer import as_events, real_numbers, run_upstream, upstream_model

    if case.kind == "table":
        events = case.table(work)
        table = events.to_dataframe()
    else:
        path = case.write(work, folder)
        with real_numbers(double=False):
            table = upstream_model(models, case.update).get_events_dataframe(**{f"{case.kind}_path": str(path)})
        events = as_events(table)
    single, segments = run_upstream(models, case.update, table, double=False)
    double, _ = run_upstream(models, case.update, table, double=True)
    arrays = {"output": single["output"], "output64": double["output"]}
    for stage in single.keys() - {"output"}:
        arrays |= {f"{stage}/{part}": values for part, values in packed(single[stage]).items()}
    about = {
        "peer": "tribev2 TribeModel, spaCy blank English with sentencizer, words from a sidecar",
        "models": models.digests(), "events": [record_of(event, work) for event in events],
        "segments": segment_rows(segments),
        "shapes": {stage: list(values.shape) for stage, values in single.items()},
        "own_error": {stage: relative_error(values, double[stage]) for stage, values in single.items()},
    }  # fmt: skip
    write_golden(folder, case.name, arrays, about)
    return f"{case.name}.safetensors"
