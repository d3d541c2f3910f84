"""The kits of the whole pipeline: stimuli of a few seconds, each with one thing that ports get wrong.

Times lie beside the steps of the grid and between samples; frames are not square; words hold letters of two bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from extractors.catalogue import record_of
from tribe_np.encoder.random import merged
from tribe_np.oracle.kit_models.encoder_kit_cases import BRAIN, BUILD
from tribe_np.oracle.kit_models.kit_model import KitCase

SHOWN_STIMULUS, OPTIONS, DATA = "stimulus", "options", "data"
FINAL_NORM = "video_final_norm"
SOUND, FILM = "sound", "film"
RATE, FPS = 22050, 12.5
PLAIN_SIZES: Mapping[str, Any] = {
    "samples": 73000, "channels": 2, "video_frames": 65, "height": 40, "width": 56
}  # fmt: skip
SPOKEN_WORDS = (
    ("Sur", 0.13, 0.21), ("la", 0.34, 0.09), ("scène,", 0.52, 0.44), ("le", 1.26, 0.1), ("garçon", 1.41, 0.52),
    ("rêve.", 2.25, 0.6), ("Où?", 3.74, 0.27),
)  # fmt: skip
"""Words, the seconds at which they begin, and how long they last."""
OVERLAPPING = (
    ("Oui", 0.3, 0.9), ("non", 0.3, 0.9), ("si", 0.7, 1.1), ("si", 1.0, 0.05), ("mais", 1.24, 0.02), ("oh", 1.25, 0.5)
)  # fmt: skip


def said(words: Sequence[tuple[str, float, float]]) -> list[dict[str, Any]]:
    """Rows of words, each in the context of all that was said up to it."""
    texts = [text for text, _, _ in words]
    return [
        {"type": "Word", "start": start, "duration": duration, "timeline": "one", "text": text,
         "context": " ".join(texts[: n + 1])}
        for n, (text, start, duration) in enumerate(words)
    ]  # fmt: skip


def played(kind: str, name: str, rate: float, start: float, duration: float) -> dict[str, Any]:
    """The row of a sound or film, as long as its chunks are together."""
    return {
        "type": kind, "start": start, "duration": duration, "timeline": "one", "filepath": name, "frequency": rate,
        "offset": 0.0,
    }  # fmt: skip


def stimulus(
    *, words: Sequence[tuple[str, float, float]] = SPOKEN_WORDS, sound: float = 3.31, film: float = 5.2,
    longest: float = 60.0, shortest: float = 30.0, rate: int = RATE, film_starts: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    """The events of a kit, and on which grid sound and film are cut into chunks; 0 seconds of either leave it out."""
    rows = said(words)
    if sound:
        rows.append(played("Audio", SOUND, float(rate), 0.0, sound))
    if film:
        rows.append(played("Video", FILM, FPS, film_starts, film))
    return {"max_duration": longest, "min_duration": shortest, "events": rows}


def extractor_settings(modality: str, **own: Any) -> dict[str, Any]:
    """A modality's part of config.yaml: what is fixed, and its own."""
    record = record_of(modality)
    section: dict[str, Any] = {"name": record.feature_class, "event_types": record.event_type, **record.fixed}
    section |= {"aggregation": "sum", "allow_missing": True}
    inner = {"cache_n_layers": None, **record.section_fixed}
    return merged(section, {record.section: inner} if record.section else inner) | own


TEXT = {
    "model_type": "llama", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 8,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 258,
    "max_position_embeddings": 131072, "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
    "rope_scaling": None, "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
}  # fmt: skip
AUDIO = {
    "model_type": "wav2vec2-bert", "hidden_size": 24, "num_hidden_layers": 5, "num_attention_heads": 2,
    "intermediate_size": 40, "feature_projection_input_dim": 160, "hidden_act": "swish", "layer_norm_eps": 1e-05,
    "position_embeddings_type": "relative_key", "left_max_position_embeddings": 64,
    "right_max_position_embeddings": 8, "conv_depthwise_kernel_size": 31, "add_adapter": False,
    "use_intermediate_ffn_before_adapter": False,
}  # fmt: skip
VIDEO = {
    "model_type": "vjepa2", "hidden_size": 28, "num_hidden_layers": 4, "num_attention_heads": 2, "mlp_ratio": 2.0,
    "patch_size": 4, "tubelet_size": 2, "crop_size": 16, "frames_per_clip": 8, "in_chans": 3,
    "layer_norm_eps": 1e-06, "qkv_bias": True, "hidden_act": "gelu",
}  # fmt: skip
IMAGE = {
    "model_type": "dinov2", "hidden_size": 20, "num_hidden_layers": 4, "num_attention_heads": 2, "mlp_ratio": 2,
    "image_size": 20, "patch_size": 5, "num_channels": 3, "layer_norm_eps": 1e-06, "qkv_bias": True,
    "hidden_act": "gelu", "use_swiglu_ffn": False,
}  # fmt: skip
IMAGE_PROCESSOR = {"size": {"shortest_edge": 24}, "crop_size": {"height": 20, "width": 20}, "resample": 3}
SOUND_PROCESSOR = {
    "feature_extractor_type": "SeamlessM4TFeatureExtractor", "feature_size": 80, "num_mel_bins": 80,
    "padding_side": "right", "padding_value": 1.0, "sampling_rate": 16000, "stride": 2,
}  # fmt: skip
TINY_PIPELINE: Mapping[str, Any] = {
    DATA: {
        "features_to_use": ["text", "audio", "video"], "frequency": 2.0, "duration_trs": 4, "overlap_trs_train": 0,
        "stride_drop_incomplete": False, "batch_size": 8, "layers_to_use": [0.5, 0.75, 1.0],
        "n_layers_to_use": None, "layer_aggregation": "group_mean", "neuro": {"frequency": 1.0, "offset": 5.0},
        "text_feature": extractor_settings("text"),
        "audio_feature": extractor_settings("audio"),
        "video_feature": extractor_settings("video", clip_duration=1.3, num_frames=8),
    },
    OPTIONS: {FINAL_NORM: False, "remove_empty_segments": True},
    SHOWN_STIMULUS: stimulus(),
    "text": TEXT, "text_tokenizer": {"tokens": "bytes of UTF-8", "max_length": None},
    "audio": AUDIO, "audio_processor": SOUND_PROCESSOR,
    "video": VIDEO, "video_processor": {"crop_size": 16},
    BRAIN: {
        "hidden": 72, "combiner": None, "low_rank_head": 20, "max_seq_len": 16,
        "encoder": {"depth": 1, "heads": 2, "ff_mult": 2},
        "subject_layers": {"n_subjects": 0, "subject_dropout": 0.1, "average_subjects": True},
    },
    BUILD: {
        "feature_dims": {"text": [2, 32], "audio": [2, 24], "video": [2, 28]}, "n_outputs": 29,
        "n_output_timesteps": 4,
    },
}  # fmt: skip


def _case(name: str, meaning: str, config: Mapping[str, Any] | None = None, **sizes: Any) -> KitCase:
    return KitCase(name, meaning, config or {}, {**PLAIN_SIZES, **sizes})


PIPELINE_CASES = (
    _case("plain", "film, sound and words of 5.2 s in two windows, of which the last is short"),
    _case("film_ends_early", "the film has fewer frames than its seconds ask for: clips reach past its end",
          video_frames=57),
    _case("film_starts_late", "times before a chunk show its first frame; its steps lie between those of the window",
          {SHOWN_STIMULUS: stimulus(film=3.6, film_starts=1.3)}, video_frames=45),
    _case("odd_mel", "an odd number of mel frames: the last is paired with padding; no resampling, one channel",
          {SHOWN_STIMULUS: stimulus(sound=1.225, film=0, rate=16000)}, samples=19600, channels=1, video_frames=0),
    _case("chunks", "sound and film are cut into chunks, each heard and seen by itself; 44,100 Hz",
          {SHOWN_STIMULUS: stimulus(sound=2.61, film=3.4, longest=1.5, shortest=0.75, rate=44100)}, samples=115101,
          channels=1, video_frames=43),
    _case("overlapping_words", "words that begin together, lie within one another, and last less than a step",
          {SHOWN_STIMULUS: stimulus(words=OVERLAPPING, sound=0, film=0)}, samples=0, video_frames=0),
    _case("late_word", "a word after the end of film and sound, with a silent second before it",
          {SHOWN_STIMULUS: stimulus(words=(*SPOKEN_WORDS, ("Là.", 6.76, 0.4)))}),
    _case("absent", "no sound: the modality is absent, not zero", {SHOWN_STIMULUS: stimulus(sound=0)}, samples=0),
    _case("zeroed", "no word in the second window: zeros there, which are projected",
          {SHOWN_STIMULUS: stimulus(words=SPOKEN_WORDS[:4])}),
    _case("cached_layers", "cache_n_layers leaves out hidden states of text and film, and none of sound",
          {DATA: {"text_feature": {"cache_n_layers": 6}, "audio_feature": {"cache_n_layers": 4},
                  "video_feature": {"image": {"cache_n_layers": 4}}}}),
    _case("overlapping_windows", "windows share a TR, which is predicted twice", {DATA: {"overlap_trs_train": 1}}),
    _case("complete_windows", "windows that would run past the end are left out",
          {DATA: {"stride_drop_incomplete": True}}),
    _case("truncated_context", "a context longer than the tokenizer allows keeps its last tokens",
          {"text_tokenizer": {"max_length": 12}, SHOWN_STIMULUS: stimulus(sound=0, film=0)}, samples=0, video_frames=0),
    _case("mean_of_words", "overlapping words averaged, step by step, instead of added",
          {DATA: {"text_feature": {"aggregation": "mean"}},
           SHOWN_STIMULUS: stimulus(words=OVERLAPPING, sound=0, film=0)}, samples=0, video_frames=0),
    _case("final_norm", "the film model's last state normalised, as transformers <= 5.3 hands it over",
          {OPTIONS: {FINAL_NORM: True}}),
    _case("pictures", "a model of single pictures in the place of the one of clips",
          {DATA: {"features_to_use": ["text", "image"], "image_feature": extractor_settings("image")},
           "image": IMAGE, "image_processor": IMAGE_PROCESSOR,
           BUILD: {"feature_dims": {"=replace=": True, "text": [2, 32], "image": [2, 20]}},
           SHOWN_STIMULUS: stimulus(sound=0, film=2.6)}, samples=0, video_frames=32),
)  # fmt: skip
