"""Ports that show a part: one row of a batch, a file of the output alone, names that are hardly the kit's."""

from pathlib import Path

import numpy as np
import pytest

from tests.oracle.conformance.ports import generous, kit_of, port_of, scaled
from tests.oracle.planted_mistakes import numbers_of, planted
from tribe_np.errors import RecordingError
from tribe_np.formats.safetensors import write_safetensors
from tribe_np.oracle import assert_conforms
from tribe_np.oracle.conformance.comparing_kits import compare_kit
from tribe_np.oracle.conformance.comparison_text import comparison_lines
from tribe_np.oracle.conformance.deviations import deviation_of
from tribe_np.oracle.conformance.kit_comparison import KitComparison
from tribe_np.oracle.diagnose.diagnosing import diagnose

OUTPUT = "llama.norm.output"
Taps = dict[str, np.ndarray]


def one_row(arrays: Taps, row: int) -> Taps:
    """What a port without a batch axis shows; tables have none."""
    return {name: array if array.ndim < 3 else array[row % len(array)] for name, array in arrays.items()}


def rows_of(found: KitComparison) -> set[int | None]:
    return {row.row for row in found.rows if row.is_given}


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize(("model", "mistake"), [("encoder", "heads-fast"), ("llama", "groups-tiled")])
def test_one_row_of_a_batch_is_the_same_at_every_tap_and_its_mistake_is_named(
    model: str, mistake: str, row: int
) -> None:
    kit = kit_of(model)
    theirs = one_row(numbers_of(planted(kit, mistake)), row)
    found = compare_kit(kit, theirs)
    assert rows_of(found) - {None} == {row}, "tables have no rows of a batch"
    assert diagnose(kit, theirs, found).named == (mistake,)


def test_one_row_of_an_output_is_the_first_where_none_is_near() -> None:
    kit = kit_of("llama")
    theirs = {OUTPUT: np.random.default_rng(0).standard_normal((13, 48)).astype(np.float32)}
    assert compare_kit(kit, theirs, bounds=generous).row(OUTPUT).row == 0
    alone = {OUTPUT: numbers_of(planted(kit, "gelu-for-silu"))[OUTPUT][1]}
    found = compare_kit(kit, alone)
    assert rows_of(found) == {1}
    assert diagnose(kit, alone, found).named == ("gelu-for-silu",)


def test_all_rows_at_half_the_length_are_not_one_row() -> None:
    kit = kit_of("llama")
    name = "llama.layers.0.output"
    found = compare_kit(kit, {name: np.zeros((2, 13, 24), np.float32)}, bounds=generous)
    assert found.row(name).fault == "theirs has shape (2, 13, 24), the kit's is (2, 13, 48)"


@pytest.mark.parametrize("name", ["theirs.npy", "o.NPY", "o.f32", "o.bin"])
def test_a_file_of_one_array_is_the_output_whatever_its_name(name: str, tmp_path: Path) -> None:
    kit, output = kit_of("llama"), port_of(kit_of("llama"))[OUTPUT]
    if name.lower().endswith(".npy"):
        with (tmp_path / name).open("wb") as file:
            np.save(file, output)
    else:
        output.tofile(tmp_path / name)
    found = compare_kit(kit, tmp_path / name)
    assert found.conforms
    assert [row.name for row in found.rows if row.is_given] == [OUTPUT]
    assert not found.unknown


def test_a_file_of_one_array_of_another_size_or_in_a_container_needs_a_name(tmp_path: Path) -> None:
    kit, output = kit_of("llama"), port_of(kit_of("llama"))[OUTPUT]
    np.save(tmp_path / "o.npy", output[:, :5])
    with pytest.raises(RecordingError, match="its only name is no tap of the kit: 'o'"):
        compare_kit(kit, tmp_path / "o.npy")
    write_safetensors(tmp_path / "o.safetensors", {"o": output})
    with pytest.raises(RecordingError, match="its only name is no tap of the kit: 'o'"):
        compare_kit(kit, tmp_path / "o.safetensors")
    np.save(tmp_path / "llama.layers.0.output.npy", port_of(kit)["llama.layers.0.output"])
    found = compare_kit(kit, tmp_path / "llama.layers.0.output.npy")
    assert [row.name for row in found.rows if row.is_given] == ["llama.layers.0.output"]


def test_names_that_were_not_compared_are_told_first() -> None:
    kit = kit_of("llama")
    theirs = {name if number < 3 else f"h{number}": x for number, (name, x) in enumerate(port_of(kit).items())}
    told = comparison_lines(compare_kit(kit, theirs))[1]
    assert told == (
        "conforms in what was compared (float32): all 3 taps that were given are within their bounds; 53 of theirs "
        f"were NOT compared, as the kit has no such name; the output, {OUTPUT}, is not among them"
    )
    few = {OUTPUT: port_of(kit)[OUTPUT], "h": np.zeros(3)}
    assert comparison_lines(compare_kit(kit, few))[1] == (
        "conforms (float32): the only tap that was given is within its bounds; 1 of theirs was NOT compared, as the "
        "kit has no such name"
    )
    with pytest.warns(UserWarning, match="1 of the port's taps were not compared, as the kit has no such name: h"):
        assert_conforms(kit, lambda config, weights, inputs: few)


def test_layers_alone_conform_in_what_was_compared() -> None:
    kit = kit_of("llama")
    layers = {name: x for name, x in port_of(kit).items() if name.endswith(("0.output", "1.output"))}
    assert comparison_lines(compare_kit(kit, layers))[1].startswith(
        "conforms in what was compared (float32): all 2 taps"
    )
    wrong = port_of(kit, ("llama.layers.0.output", scaled(1.1)))
    found = compare_kit(kit, {name: wrong[name] for name in layers})
    assert comparison_lines(found)[1].startswith("DOES NOT CONFORM (float32): llama.layers.0.output")


def test_words_for_what_is_not_finite() -> None:
    right = np.arange(6.0).reshape(2, 3)
    nan = np.where(right == 4, np.nan, right)
    assert deviation_of(nan, right).not_finite_words() == (
        "1 value is NaN or infinite where a finite one is expected, the first at (1, 1): theirs nan, expected 4"
    )
    assert deviation_of(right, nan).not_finite_words() == (
        "1 value is not the NaN or infinity that is expected, the first at (1, 1): theirs 4, expected nan"
    )
    other = np.where(right > 1, np.inf, right)
    assert deviation_of(other, nan).not_finite_words() == (
        "3 values are NaN or infinite where a finite one is expected, 1 the other way round, the first at (0, 2): "
        "theirs inf, expected 2"
    )
