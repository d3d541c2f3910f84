"""Against the recorded numbers of transformers: states, intermediates, rotary positions and the processor's pixels."""

import json
from pathlib import Path

import numpy as np
import pytest

from extractors import VJepa2Model
from extractors.vjepa2.model import frequencies, grid_positions, part_dim, position_tables
from extractors.vjepa2.preprocess import VideoProcessor
from extractors.vjepa2.random import write_random
from tribe_np.formats.safetensors import read_header
from tribe_np.ops.rotary import rotate_adjacent
from tribe_np.oracle import relative_error, trace

GOLDEN = Path(__file__).parents[2] / "golden"


def read(name):
    entries, metadata = read_header(GOLDEN / f"{name}.safetensors")
    return {key: entry.read() for key, entry in entries.items()}, json.loads(metadata["about"])


@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-5), ("float64", 1e-12)])
def test_every_recorded_stage(tmp_path, precision, bound):
    arrays, about = read("vjepa2")
    model = VJepa2Model.from_pretrained(
        write_random(tmp_path, seed=about["seed"], **about["config"]), precision=precision
    )
    with trace() as recording:
        states = model.hidden_states(arrays["pixel_values"])
    last = model.hidden_states(arrays["pixel_values"], final_norm=True)[-1]
    ours = {**recording.arrays, **{f"state {i}": s for i, s in enumerate(states)}, "last_hidden_state": last}
    expected = {n.removeprefix(f"{precision}/"): a for n, a in arrays.items() if n.startswith(f"{precision}/")}
    assert {"state 0", "state 2", "last_hidden_state"} <= set(expected)
    errors = {name: relative_error(ours[name], array) for name, array in expected.items()}
    assert {name: error for name, error in errors.items() if not error <= bound} == {}


def tables(n_tokens, grid_size, head_dim):
    return position_tables(frequencies(np, head_dim, dtype=np.float64), n_tokens, grid_size)


def test_rotary_positions():
    arrays, _ = read("vjepa2_rotary")
    cos, sin = tables(8192, 16, 64)
    ids = arrays["token_ids"]
    found = rotate_adjacent(arrays["x"], cos[ids], sin[ids])
    assert relative_error(found, arrays["turned"]) <= 1e-12
    assert np.array_equal(found[..., 60:], arrays["x"][..., 60:])


def test_rotary_is_no_rotation(rng):
    """Lengths change and scores depend on absolute positions: kept as it is, since the weights were trained with it."""
    cos, sin = tables(9, 1, 64)
    query, key = rng.normal(size=(2, 64))
    turned_query, turned_key = (
        rotate_adjacent(np.tile(query, (9, 1)), cos, sin),
        rotate_adjacent(np.tile(key, (9, 1)), cos, sin),
    )
    assert abs(turned_query[0] @ turned_key[3] - turned_query[5] @ turned_key[8]) > 1e-3
    assert abs(np.linalg.norm(turned_query[5]) - np.linalg.norm(query)) > 1e-3
    assert np.array_equal(turned_query[0], query)


def test_the_three_axes_are_independent_blocks(rng):
    x = rng.normal(size=(1, 27, 22))
    cos, sin = tables(27, 3, 22)
    assert part_dim(22) == 6
    depth, row, column = grid_positions(np, 27, 3)
    for axis, positions in enumerate((depth, row, column)):
        part = slice(6 * axis, 6 * axis + 6)
        still = rotate_adjacent(x, cos, sin)[:, positions == 0, part]
        assert np.array_equal(still, x[:, positions == 0, part])
    assert [int(p[14]) for p in (depth, row, column)] == [1, 1, 2]


@pytest.mark.parametrize(("axis", "tokens"), [(0, (4, 13)), (1, (4, 7)), (2, (4, 5))])
def test_a_step_along_one_axis_turns_its_block_alone(rng, axis, tokens):
    """Grid 3: tokens 9, 3 and 1 apart differ in depth, row and column only."""
    cos, sin = tables(27, 3, 22)
    x = np.tile(rng.normal(size=22), (27, 1))
    here, there = rotate_adjacent(x, cos, sin)[list(tokens)]
    part = np.zeros(22, bool)
    part[6 * axis : 6 * axis + 6] = True
    assert np.array_equal(here[~part], there[~part])
    assert np.all(here[part] != there[part])


def test_heads_too_small_to_turn(rng):
    x = rng.normal(size=(1, 8, 4))
    assert np.array_equal(rotate_adjacent(x, *tables(8, 2, 4)), x)


@pytest.mark.parametrize("name", ["down", "up", "portrait", "same"])
def test_the_processor_to_the_bit(name):
    arrays, about = read("video_processor")
    processor = VideoProcessor.from_dict(about)
    found = processor(arrays[f"{name}/frames"])
    assert found.dtype == np.float32
    assert np.array_equal(found, arrays[f"{name}/pixels"])
