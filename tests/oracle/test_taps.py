"""The tables of names hold for what models record: every name, its shape in letters, the order, none too many."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extractors import DinoV2Model, LlamaModel, VJepa2Model, Wav2VecBertModel
from extractors.dinov2.random import write_random as random_dinov2
from extractors.llama.passes import PrefixForest
from extractors.llama.random import write_random as random_llama
from extractors.vjepa2.random import write_random as random_vjepa2
from extractors.wav2vec_bert.random import write_random as random_wav2vec
from tests.encoder.golden_case import NAMES, load
from tribe_np.encoder.model import WINDOWS_AT_ONCE, FmriEncoder
from tribe_np.encoder.random import random_state_dict
from tribe_np.errors import RecordingError
from tribe_np.oracle import Recording, trace
from tribe_np.oracle.kit_models.kit_model import EVERY_TAP
from tribe_np.oracle.kits.kit import make_kit
from tribe_np.oracle.taps import TABLES, in_order, named_tap, row_of, sizes_of, tap_table

BRAIN: dict[str, Any] = {
    "hidden": 24, "max_seq_len": 30, "temporal_smoothing": {"kernel_size": 3}, "low_rank_head": 5,
    "projector": {"name": "Mlp", "hidden_sizes": [7, 9], "norm_layer": "layer", "activation_layer": "gelu"},
    "combiner": {"name": "Mlp", "hidden_sizes": [11], "norm_layer": "instance", "activation_layer": "relu"},
    "encoder": {"heads": 3, "depth": 1, "rotary_pos_emb": False, "rel_pos_bias": True, "residual_attn": True},
    "subject_layers": {"n_subjects": 2, "subject_dropout": 0.1},
}  # fmt: skip
ARGS = {"feature_dims": {"text": (2, 5), "audio": (3, 4)}, "n_outputs": 17, "n_output_timesteps": 4}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Recording]]:
    """Runs of every model, with each option that adds a name in one of them."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("models")
    runs = {
        "encoder": encoder_runs(rng), "llama": llama_runs(folder, rng), "vjepa2": vjepa2_runs(folder, rng),
        "wav2vec_bert": wav2vec_runs(folder, rng), "dinov2": dinov2_runs(folder, rng), "pipeline": pipeline_runs(),
    }  # fmt: skip
    found: dict[str, list[Recording]] = {}
    for model, calls in runs.items():
        for call in calls:
            with trace(pattern=tuple(f"{model}.{part}" for part in EVERY_TAP)) as recording:
                call()
            found.setdefault(model, []).append(recording)
    return found


Runs = Iterator[Callable[[], Any]]


def encoder_runs(rng: np.random.Generator) -> Runs:
    for name in NAMES:
        case = load(name)
        yield lambda case=case: case.encoder()(case.features, case.subject_index)
    encoder = FmriEncoder.from_state_dict(BRAIN, ARGS, random_state_dict(BRAIN, ARGS, seed=1))
    features = {
        m: rng.normal(size=(2 * WINDOWS_AT_ONCE + 1, *dims, 8)) for m, dims in ARGS["feature_dims"].items()
    }  # fmt: skip
    yield lambda: encoder(features)


def llama_runs(folder: Path, rng: np.random.Generator) -> Runs:
    sizes: dict[str, Any] = {"num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 300}
    model = LlamaModel.from_pretrained(random_llama(folder / "llama", seed=1, n_layers=12, **sizes))
    ids = rng.integers(0, 300, (2, 7))
    yield lambda: model.hidden_states(ids)
    forest = PrefixForest.grow([[ids[0], np.append(ids[0][:4], 3)], [ids[1]]])
    yield lambda: list(model.iterate_forest_states(forest, model.context()))


def wav2vec_runs(folder: Path, rng: np.random.Generator) -> Runs:
    model = Wav2VecBertModel.from_pretrained(
        random_wav2vec(folder / "audio", seed=1, hidden=16, intermediate=24, left=4, right=2)
    )
    yield lambda: model.hidden_states(rng.normal(size=(2, 9, 160)))


def vjepa2_runs(folder: Path, rng: np.random.Generator) -> Runs:
    model = VJepa2Model.from_pretrained(
        random_vjepa2(folder / "film", seed=1, hidden_size=44, num_attention_heads=2, crop_size=12, patch_size=4)
    )
    yield lambda: model.hidden_states(rng.normal(size=(2, 4, 3, 12, 12)), final_norm=True)


def dinov2_runs(folder: Path, rng: np.random.Generator) -> Runs:
    for i, config in enumerate(
        ({}, {"use_swiglu_ffn": True}, {"model_type": "dinov2_with_registers", "num_register_tokens": 3})
    ):
        written = random_dinov2(folder / f"pictures{i}", seed=1, image_size=28, patch_size=7, **config)
        model = DinoV2Model.from_pretrained(written)
        yield lambda model=model: model.hidden_states(rng.normal(size=(2, 3, 21, 35)))


def pipeline_runs() -> Runs:
    for case in ("plain", "chunks", "pictures"):
        yield lambda case=case: make_kit("pipeline", case)


@pytest.mark.parametrize("model", TABLES)
def test_every_recorded_name_has_a_row_and_every_row_is_met(model: str, recorded: dict[str, list[Recording]]) -> None:
    names = [name for recording in recorded[model] for name in recording.names()]
    assert [name for name in names if row_of(name) is None] == []
    met = {row.name for name in names if (row := row_of(name)) is not None}
    assert {row.name for row in tap_table(model).rows} == met


@pytest.mark.parametrize("model", TABLES)
def test_shapes_are_those_of_the_letters(model: str, recorded: dict[str, list[Recording]]) -> None:
    letters = set(tap_table(model).letters)
    for recording in recorded[model]:
        sizes = sizes_of({name: array.shape for name, array in recording.arrays.items()})
        assert {letter.partition("_")[0] for letter in sizes} <= {letter.partition("_")[0] for letter in letters}
    wrong = {name: array.shape[::-1] for name, array in recording.arrays.items()}
    with pytest.raises(RecordingError, match="does not agree with"):
        sizes_of(wrong)


@pytest.mark.parametrize("model", [model for model in TABLES if model != "pipeline"])
def test_the_order_is_that_of_computation(model: str, recorded: dict[str, list[Recording]]) -> None:
    for recording in recorded[model]:
        names = recording.names()
        projected = [name for name in names if ".projectors." in name]  # the order of modalities is the checkpoint's
        assert in_order([*projected, *sorted(set(names) - set(projected))]) == names


def test_the_order_of_stages_is_that_of_computation_event_by_event(recorded: dict[str, list[Recording]]) -> None:
    """Words run together: their tokens all come first."""
    for recording in recorded["pipeline"]:
        names = recording.names()
        ordered = in_order(names)
        for beginning in {".".join(name.split(".")[:3]) for name in names}:
            mine = [name for name in names if name.startswith(f"{beginning}.") and ".frame" not in name]
            assert [name for name in ordered if name in mine] == mine
        assert ordered[0] == names[0] == "pipeline.text.events"
        assert ordered[-1] == "pipeline.predictions"


def test_the_rows_of_a_table_differ_and_say_what_they_are() -> None:
    for model in TABLES:
        table = tap_table(model)
        names = [row.name for row in table.rows]
        assert table.model == model
        assert len(set(names)) == len(names)
        assert all(name.startswith(f"{model}.") for name in names)
        assert all(row.meaning and row.meaning[-1] != "." for row in table.rows)
        used = {letter for row in table.rows for axis in row.axes for letter in table.letters if letter[0] in axis}
        assert used == set(table.letters)


def test_names_of_gradients_and_of_later_calls() -> None:
    plain = row_of("encoder.layers.0.query")
    assert plain is not None
    assert row_of("gradient.encoder.layers.0.query") is plain
    assert row_of("encoder.layers.0.query@3") is plain
    found = named_tap("encoder.projectors.text.hidden.1.activated")
    assert found is not None
    assert (dict(found.values), found.axes) == ({"m": "text", "j": "1"}, ("B", "T", "U_1"))
    for name in ("encoder.layers.x.query", "encoder.layers.0.quer", "other.query", "", "llama"):
        assert row_of(name) is None
    with pytest.raises(RecordingError, match="no intermediates are named 'gpt'"):
        tap_table("gpt")


def test_unknown_names_come_last_and_later_calls_after_the_first() -> None:
    names = ["mine", "llama.norm.output", "llama.embed_tokens.output@2", "llama.layers.10.output",
             "llama.layers.9.output", "llama.embed_tokens.output"]  # fmt: skip
    assert in_order(names) == [
        "llama.embed_tokens.output", "llama.layers.9.output", "llama.layers.10.output", "llama.norm.output", "mine",
        "llama.embed_tokens.output@2",
    ]  # fmt: skip
