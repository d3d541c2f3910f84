"""Mistakes between the models: words and their tokens, layers, the grid, windows and rows."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from extractors.catalogue import record_of
from tribe_np.encoder.random import merged
from tribe_np.oracle.diagnose.changes import Memory, all_of, with_config, with_edit
from tribe_np.oracle.diagnose.mistake import Change, Mistake
from tribe_np.oracle.kit_models.encoder_kit_cases import BUILD
from tribe_np.oracle.kit_models.pipeline_cases import DATA, SHOWN_STIMULUS
from tribe_np.oracle.kit_models.pipeline_kit import kit_events, models_of_parts
from tribe_np.oracle.kit_models.pipeline_memory import BOS_ID, EOS_ID
from tribe_np.oracle.setup import Setup
from tribe_np.pipeline.config import DataConfig
from tribe_np.protocols import Array
from tribe_np.timeline.segments import plan

PIPELINE = ("pipeline",)
ENDLESS = 1e6  # seconds
LATER = np.array([1, 0])


def _layer_groups(setup: Setup, modality: str) -> list[list[int]]:
    extractor = DataConfig.from_dict(setup.config[DATA]).extractors[modality]
    n_states = int(setup.config[modality]["num_hidden_layers"]) + 1
    return extractor.selection.groups(n_states, subselect=record_of(modality).averages_tokens)


def _single_layers(setup: Setup) -> Setup | None:
    groups = {m: _layer_groups(setup, m) for m in models_of_parts(setup.config) if m in setup.config}

    def first_of_each(name: str, features: Array, memory: Memory) -> Array:
        parts = name.split(".")
        pooled = [memory.get(f"{'.'.join(parts[:-1])}.states.{group[0]}.pooled") for group in groups[parts[1]]]
        if any(state is None for state in pooled):  # a whole chunk, whose clips were changed
            return features
        return np.stack([np.asarray(state).T for state in pooled]).astype(features.dtype)

    return with_edit("pipeline.[!w]*.features", first_of_each, "pipeline.*.pooled")(setup)


STATES: Mapping[str, tuple[str, str]] = {
    "words": ("llama.embed_tokens.output", "llama.layers.{}.output"),
    "sound": ("wav2vec_bert.feature_projection.output", "wav2vec_bert.encoder.layers.{}.output"),
    "film": ("vjepa2.encoder.embeddings.patch_embeddings.proj.output", "vjepa2.encoder.layer.{}.output"),
    "pictures": ("dinov2.embeddings.output", "dinov2.encoder.layer.{}.output"),
}
"""The taps of hidden state 0, and of what layer i gives, by what a model reads."""


def _state_before(name: str, state: Array, memory: Memory) -> Array:
    """The hidden state one number lower, of the same tokens; the first stays as it is."""
    _, modality, *_, last_part = name.split(".")
    number, (first, layer) = int(last_part), STATES[record_of(modality).reads]
    if number == 0:
        return state
    mine, before = memory.get(layer.format(number - 1)), memory[first if number == 1 else layer.format(number - 2)]
    if len(state) == before.shape[1]:
        return before[0].astype(state.dtype)
    last = memory.get("llama.norm.output")
    rows = mine[0] if mine is not None and _is_among(state, mine[0]) else last[0]  # type: ignore[index]
    places = [int(np.argmax((rows == token).all(axis=-1))) for token in state]  # a word's tokens among a pass's
    return before[0][places]


def _is_among(state: Array, rows: Array) -> bool:
    return bool((rows == state[0]).all(axis=-1).any())


def _padded(setup: Setup) -> Setup | None:
    longest = max((len(row.context.encode("utf-8")) for row in kit_events(setup.config).of_type("Word")), default=0)
    most = setup.config["text_tokenizer"]["max_length"] or longest

    def filled(name: str, tokens: Array, memory: Memory) -> Array:
        return np.concatenate([tokens, np.full(max(0, min(longest, most) - len(tokens)), EOS_ID, tokens.dtype)])

    return with_edit("pipeline.text.*.tokens", filled)(setup) if longest else None


def _with_keys(choose: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> Change:
    """Some keys of the kit's config.json are others, mappings key by key."""
    return with_config(lambda config: None if (keys := choose(config)) is None else merged(config, keys))


def _no_cache_n_layers(config: Mapping[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for key, section in config[DATA].items():
        if key.endswith("_feature"):
            inner = record_of(key.removesuffix("_feature")).section
            settings = section[inner] if inner else section
            if settings.get("cache_n_layers") is not None:
                none = {"cache_n_layers": None}
                found[key] = {inner: none} if inner else none
    return {DATA: found} if found else None


def _by_name(config: Mapping[str, Any]) -> dict[str, Any]:
    dims = config[BUILD]["feature_dims"]
    return {**config, BUILD: {**config[BUILD], "feature_dims": {m: dims[m] for m in sorted(dims)}}}


def _half_windows(config: Mapping[str, Any]) -> dict[str, Any] | None:
    n_trs = config[DATA]["duration_trs"]
    if n_trs % 2 or config[DATA]["overlap_trs_train"] >= n_trs // 2:
        return None
    return {DATA: {"duration_trs": n_trs // 2}, BUILD: {"n_output_timesteps": n_trs // 2}}


def _averaged(config: Mapping[str, Any]) -> dict[str, Any] | None:
    text = config[DATA].get("text_feature", {})
    return {DATA: {"text_feature": {"aggregation": "mean"}}} if text.get("aggregation") == "sum" else None


def _uncut(config: Mapping[str, Any]) -> dict[str, Any] | None:
    longest = max((row["duration"] for row in config[SHOWN_STIMULUS]["events"] if row["type"] != "Word"), default=0.0)
    return {SHOWN_STIMULUS: {"max_duration": ENDLESS}} if longest > config[SHOWN_STIMULUS]["max_duration"] else None


def _whole_windows(config: Mapping[str, Any]) -> dict[str, Any] | None:
    data = config[DATA]
    table, window = kit_events(config), data["duration_trs"] / data["neuro"]["frequency"]
    seconds = max(row.stop for row in table) - min(row.start for row in table)
    is_made = data["stride_drop_incomplete"] or seconds < window  # in the second case it leaves nothing to compute
    return None if is_made else {DATA: {"stride_drop_incomplete": True}}


def _moved_back(setup: Setup) -> Setup | None:
    table, data = kit_events(setup.config), setup.config[DATA]
    windows = plan(table, duration_trs=data["duration_trs"], overlap_trs=data["overlap_trs_train"])
    stop = max(row.stop for row in table)
    last = len(windows) - 1
    if last < 1 or windows[last].start + windows[last].duration <= stop:
        return None
    return with_edit(f"pipeline.plan.{last}.span", lambda name, span, _: np.array([stop - span[1], span[1]]))(setup)


def _all_rows(setup: Setup) -> Setup | None:
    n_trs = setup.config[DATA]["duration_trs"]
    return with_edit("pipeline.plan.*.kept_rows", lambda *_: np.arange(n_trs))(setup)


PIPELINE_MISTAKES = (
    Mistake("begin-of-text", PIPELINE, "puts a begin-of-text token before every context",
            "no special token is added to a context or to the text before a word",
            all_of(with_edit("pipeline.text.*.tokens", lambda _, ids, __: np.append([BOS_ID], ids).astype(ids.dtype)),
                   with_edit("pipeline.text.*.span", lambda _, span, __: np.minimum(span + LATER, span[1] - LATER)))),
    Mistake("padding-as-tokens", PIPELINE, "counts padding as tokens: the last ones of a padded context are its word",
            "a word is the last tokens of its own context, whatever stands behind them in a batch", _padded),
    Mistake("span-by-one", PIPELINE, "takes the token before a word for one of the word's",
            "the word begins after as many tokens as the text before it has, encoded alone",
            with_edit("pipeline.text.*.span", lambda _, span, __: np.maximum(span - LATER, 0))),
    Mistake("last-token-alone", PIPELINE, "takes the last token of a word for all of it",
            "a word is the mean over its own tokens",
            with_edit("pipeline.text.*.pooled", lambda name, _, memory: memory[name.removesuffix(".pooled")][-1],
                          "pipeline.text.*.states.*")),
    Mistake("single-layers", PIPELINE, "takes one hidden state where a layer group begins",
            "a layer group is the mean of all states from one cut to the next", _single_layers),
    Mistake("layers-by-one", PIPELINE, "numbers hidden states from the first layer's output on",
            "state 0 is what the first layer is given; the last is the last layer's",
            with_edit("pipeline.*.states.*[0-9]", _state_before,
                          *(pattern.format("*") for pair in STATES.values() for pattern in pair), "llama.norm.output")),
    Mistake("cache-n-layers-ignored", PIPELINE,
            "lets all hidden states take part, though cache_n_layers leaves out some",
            "of text and film, cuts are counted over the states that cache_n_layers leaves",
            _with_keys(_no_cache_n_layers)),
    Mistake("words-averaged", PIPELINE, "averages words that share a step of the grid",
            "events that share a step are added", _with_keys(_averaged)),
    Mistake("uncut", PIPELINE, "hears and sees a long sound or film in one piece",
            "media are cut into chunks, and each is prepared and run by itself", _with_keys(_uncut)),
    Mistake("half-windows", PIPELINE, "cuts windows half as long (50 s of 100)",
            "a window has duration_trs TRs", _with_keys(_half_windows)),
    Mistake("last-window-moved", PIPELINE, "moves the last window back until it ends with the stimulus",
            "windows follow one another; the last one runs past the end, filled with zeros", _moved_back),
    Mistake("last-window-left-out", PIPELINE, "leaves out a window that would run past the end",
            "the last window is run as well, and its rows up to the end are kept", _with_keys(_whole_windows)),
    Mistake("rows-past-the-end", PIPELINE, "keeps every row of every window",
            "rows without any event, after the end, are left out", _all_rows),
    Mistake("modalities-by-name", PIPELINE, "puts modalities side by side in alphabetical order",
            "they stand in the order of the checkpoint's feature_dims", with_config(_by_name)),
)  # fmt: skip
