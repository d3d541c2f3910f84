"""The tables of names hold for what models record: every name, its shape in letters, the order, none too many."""

from functools import partial

import pytest

from tests.oracle.tiny_runs import tiny_runs
from tribe_np.errors import RecordingError
from tribe_np.oracle import Recording, trace
from tribe_np.oracle.kit_models.kit_model import EVERY_TAP
from tribe_np.oracle.kits.kit import make_kit
from tribe_np.oracle.taps import TAP_TABLES, named_tap, order_of_computation, row_of, sizes_of, tap_table


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Recording]]:
    """Runs of every model, with each option that adds a name in one of them."""
    found: dict[str, list[Recording]] = {}
    stages = {"pipeline": [partial(make_kit, "pipeline", case) for case in ("plain", "chunks", "pictures")]}
    for model, calls in (tiny_runs(tmp_path_factory.mktemp("models")) | stages).items():
        for call in calls:
            with trace(pattern=tuple(f"{model}.{part}" for part in EVERY_TAP)) as recording:
                call()
            found.setdefault(model, []).append(recording)
    return found


@pytest.mark.parametrize("model", TAP_TABLES)
def test_every_recorded_name_has_a_row_and_every_row_is_met(model: str, recorded: dict[str, list[Recording]]) -> None:
    names = [name for recording in recorded[model] for name in recording.names()]
    assert [name for name in names if row_of(name) is None] == []
    met = {row.name for name in names if (row := row_of(name)) is not None}
    assert {row.name for row in tap_table(model).rows} == met


@pytest.mark.parametrize("model", TAP_TABLES)
def test_shapes_are_those_of_the_letters(model: str, recorded: dict[str, list[Recording]]) -> None:
    letters = set(tap_table(model).letters)
    for recording in recorded[model]:
        sizes = sizes_of({name: array.shape for name, array in recording.arrays.items()})
        assert {letter.partition("_")[0] for letter in sizes} <= {letter.partition("_")[0] for letter in letters}
    wrong = {name: array.shape[::-1] for name, array in recording.arrays.items()}
    with pytest.raises(RecordingError, match="does not agree with"):
        sizes_of(wrong)


@pytest.mark.parametrize("model", [model for model in TAP_TABLES if model != "pipeline"])
def test_the_order_is_that_of_computation(model: str, recorded: dict[str, list[Recording]]) -> None:
    for recording in recorded[model]:
        names = recording.names()
        projected = [name for name in names if ".projectors." in name]  # the order of modalities is the checkpoint's
        assert order_of_computation([*projected, *sorted(set(names) - set(projected))]) == names


def test_the_order_of_stages_is_that_of_computation_event_by_event(recorded: dict[str, list[Recording]]) -> None:
    """Words run together: their tokens all come first."""
    for recording in recorded["pipeline"]:
        names = recording.names()
        ordered = order_of_computation(names)
        for beginning in {".".join(name.split(".")[:3]) for name in names}:
            mine = [name for name in names if name.startswith(f"{beginning}.") and ".frame" not in name]
            assert [name for name in ordered if name in mine] == mine
        assert ordered[0] == names[0] == "pipeline.text.events"
        assert ordered[-1] == "pipeline.predictions"


def test_the_rows_of_a_table_differ_and_say_what_they_are() -> None:
    for model in TAP_TABLES:
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
    assert order_of_computation(names) == [
        "llama.embed_tokens.output", "llama.layers.9.output", "llama.layers.10.output", "llama.norm.output", "mine",
        "llama.embed_tokens.output@2",
    ]  # fmt: skip
