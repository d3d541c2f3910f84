"""Each mistake of the pipeline, planted: the first step that is wrong is the stage at which it was made."""

import pytest

from tests.oracle.conformance.ports import kit_of
from tribe_np.oracle import relative_error
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES, applicable
from tribe_np.oracle.diagnose.mistakes.media_mistakes import MEDIA_MISTAKES
from tribe_np.oracle.diagnose.mistakes.pipeline_mistakes import PIPELINE_MISTAKES
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.recording import Recording
from tribe_np.oracle.taps import row_of

STAGES = {
    "begin-of-text": ("plain", "text.{i}.tokens"), "padding-as-tokens": ("plain", "text.{i}.tokens"),
    "span-by-one": ("plain", "text.{i}.span"), "last-token-alone": ("plain", "text.{i}.states.{j}.pooled"),
    "single-layers": ("plain", "text.{i}.features"), "layers-by-one": ("plain", "text.{i}.states.{j}"),
    "cache-n-layers-ignored": ("cached_layers", "text.{i}.states.{j}"),  # which are others
    "words-averaged": ("overlapping_words", "windows.{i}.features.{m}"), "uncut": ("chunks", "{m}.events"),
    "half-windows": ("plain", "plan.{i}.span"), "last-window-moved": ("plain", "plan.{i}.span"),
    "last-window-left-out": ("plain", "plan.{i}.span"), "rows-past-the-end": ("plain", "plan.{i}.kept_rows"),
    "modalities-by-name": ("plain", "encoder.modalities"),
    "resampler-in-double": ("plain", "audio.{i}.filters"), "resampled-in-lines": ("plain", "audio.{i}.resampled"),
    "first-channel": ("plain", "audio.{i}.mono"), "not-standardized": ("plain", "audio.{i}.standardized"),
    "no-16-bit-scale": ("plain", "audio.{i}.windowed"), "no-pre-emphasis": ("odd_mel", "audio.{i}.windowed"),
    "hann-window": ("odd_mel", "audio.{i}.window"), "mel-triangles-in-hertz": ("odd_mel", "audio.{i}.mel_filters"),
    "slaney-mel": ("odd_mel", "audio.{i}.mel_filters"),
    "biased-mel-variance": ("odd_mel", "audio.{i}.mel_standardized"),
    "zeros-behind-odd-frame": ("odd_mel", "audio.{i}.input"),
    "averaged-bins": ("odd_mel", "audio.{i}.states.{j}.pooled"),
    "frame-by-one": ("absent", "video.{i}.{j}.frame_numbers"), "clip-from-the-step-on": ("absent", "video.{i}.times"),
    "bgr": ("absent", "video.{i}.frames.{j}"), "no-antialias": ("absent", "video.{i}.{j}.shrunk"),
    "unit-pixels": ("absent", "video.{i}.{j}.pixels"),
}  # fmt: skip
"""The kit that shows it, and where."""
UNDONE = ("no-16-bit-scale", "not-standardized", "resampler-in-double")
"""What each mel bin's own mean and variance take out again, all or nearly: the output alone does not tell."""


def first_wrong_step(kit: Kit, theirs: Recording) -> str:
    """The first tap of the kit that theirs lack, or that does not follow from their own numbers before it."""
    steps = run_setup(kit.setup, given=theirs.arrays).taps
    for name in kit.expected.names():
        if name not in theirs or theirs[name].shape != kit.expected[name].shape:
            return name
        if relative_error(theirs[name], steps[name]) > 1e-7:
            return name
    return ""


def test_every_mistake_of_the_pipeline_is_planted() -> None:
    assert set(STAGES) == {mistake.id for mistake in (*PIPELINE_MISTAKES, *MEDIA_MISTAKES)}


@pytest.mark.parametrize("mistake", STAGES)
def test_a_mistake_is_seen_where_it_is_made(mistake: str) -> None:
    case, stage = STAGES[mistake]
    kit = kit_of("pipeline", case)
    changed = MISTAKES[mistake].apply(kit.setup)
    assert changed is not None
    theirs = run_setup(changed).taps
    row = row_of(first_wrong_step(kit, theirs))
    assert row is not None
    assert row.name.removeprefix("pipeline.") == stage
    output = "pipeline.predictions"
    if mistake not in UNDONE:  # a shape of its own is as far off as anything
        assert relative_error(theirs[output], kit.expected[output]) > 5e-4


def test_a_right_run_has_no_wrong_step() -> None:
    for case in ("plain", "chunks", "pictures"):
        kit = kit_of("pipeline", case)
        assert first_wrong_step(kit, run_setup(kit.setup).taps) == ""


def test_where_a_mistake_cannot_be_made_it_does_not_apply() -> None:
    words_alone = {mistake.id for mistake in applicable(kit_of("pipeline", "overlapping_words").setup)}
    assert not words_alone & {mistake.id for mistake in MEDIA_MISTAKES}
    assert "cache-n-layers-ignored" not in words_alone
    assert {"words-averaged", "span-by-one"} <= words_alone
