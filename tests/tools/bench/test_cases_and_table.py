"""The benchmark's cases, models and table: arithmetic, inputs, what is said about a line. No torch, no large model."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extractors.llama.random import write_random
from extractors.llama.tokenizer import LlamaTokenizer
from tools.bench import cases as bench_cases
from tools.bench import models as bench_models
from tools.bench.cases import CASES, Size, integrated
from tools.bench.table import Line, as_table, finite, relative_difference, shown
from tribe_np.errors import ConfigError
from tribe_np.formats.weights import open_folder
from tribe_np.ops.attention import BLOCK_SCORES

BY_NAME = {case.name: case for case in CASES}


def line(**changes: Any) -> Line:
    values: dict[str, Any] = {
        "case": BY_NAME["encoder-1"], "threads": 2, "size": Size(8), "n_rounds": {"ours": 5, "fp32": 5},
        "seconds": {"ours": 0.2, "fp32": 0.4}, "peak": {"ours": 900_000_000, "fp32": 2_000_000_000}, "load": 0.5,
        "check": {"difference": 2.1e-6}, "sgemm": 350.0, "products": 0.17,
    }  # fmt: skip
    return Line(**(values | changes))


def test_the_arithmetic_is_the_specifications() -> None:
    assert bench_cases.encoder_flops(1, fused=False) == pytest.approx(71.8e9, rel=1e-3)
    assert bench_cases.encoder_flops(8, fused=True) == pytest.approx(8 * 58.84e9, rel=1e-3)
    per_layer = 2 * 2_818_572_288 / 28
    assert bench_cases.llama_flops(1, 1384) == pytest.approx(per_layer * 1384 + 12288 * 1384 * 1385 / 2, rel=1e-9)
    assert bench_cases.sound_flops(24) > bench_cases.sound_flops(4) > 0
    assert bench_cases.clip_flops(40) == pytest.approx(31.7e12, rel=0.01)
    assert bench_cases.clip_flops(0) == 2 * 8192 * 1536 * 1408  # the patch embedding


def test_the_peers_arithmetic_is_its_own() -> None:
    sound, clip = BY_NAME["sound"], BY_NAME["clip"]
    more = sound.flops_peer(Size(4)) - sound.flops_ours(Size(4))
    assert more == pytest.approx(4 * 2 * 2999 * (2999 - 73) * 1024)
    assert bench_cases.predictor_flops() == pytest.approx(5.644e12, rel=1e-3)
    assert clip.flops_peer(Size(40)) == pytest.approx(clip.flops_ours(Size(40)) + bench_cases.predictor_flops())
    assert clip.flops_peer(Size(39)) == clip.flops_ours(Size(39))


def test_heads_are_multiplied_in_the_blocks_of_our_attention() -> None:
    assert bench_cases.head_products(8, 200, 144) == [(8, 200, 144, 200), (8, 200, 200, 144)]
    scores, mixing = bench_cases.head_products(16, 2999, 64)
    assert scores == (16 * 2999 / 666, 666, 64, 2999)
    assert mixing == (16 * 2999 / 666, 666, 2999, 64)
    assert 666 * 2999 <= BLOCK_SCORES < 667 * 2999


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_matrix_products_are_nearly_all_the_arithmetic(case: bench_cases.Case) -> None:
    size = Size(bench_models.DEPTHS[case.model])
    bare = sum(2 * count * m * k * n for count, m, k, n in case.products(size))
    assert bare == pytest.approx(case.flops_ours(size), rel=0.005)


def test_upstream_reads_a_text_once_per_word() -> None:
    case = BY_NAME["text"]
    assert case.flops_peer(Size(28, 1000)) > 400 * case.flops_ours(Size(28, 1000))
    assert case.flops_peer(Size(2, 1)) == pytest.approx(case.flops_ours(Size(2, 1)))


@pytest.mark.extras
def test_the_transcript_has_as_many_tokens_as_english(tmp_path: Path) -> None:
    tokenizer = LlamaTokenizer.from_pretrained(write_random(tmp_path, seed=0, n_layers=1))
    n_tokens = len(tokenizer.encode_context(" ".join(bench_cases.words(1000))))
    assert n_tokens / 1000 == pytest.approx(bench_cases.TOKENS_PER_WORD, rel=0.03)


def test_an_estimate_is_a_sum_over_words() -> None:
    assert integrated([2, 4], [2.0, 4.0], 4) == pytest.approx(1 + 2 + 3 + 4)
    assert integrated([4], [4.0], 6) == pytest.approx(10 + 4 + 4)  # no longer context was timed


def test_layers_follow_the_threads_and_the_hurry() -> None:
    case = BY_NAME["clip"]
    assert case.layers(threads=2, quick=False, asked=None) == 40
    assert case.layers(threads=1, quick=False, asked=None) == case.one_thread_layers
    assert case.layers(threads=2, quick=True, asked=None) == case.quick_layers
    assert case.layers(threads=2, quick=True, asked=99) == 40
    assert BY_NAME["encoder-8"].layers(threads=2, quick=True, asked=2) == 8


def test_contexts_grow_up_to_the_window() -> None:
    words = bench_cases.words(5)
    assert words == bench_cases.words(5)
    assert bench_cases.contexts_of(words)[-1] == " ".join(words)
    assert bench_cases.contexts_of(words, 1)[-1] == " ".join(words[-2:])


def test_a_line_as_table_and_json() -> None:
    whole = line()
    assert whole.ratio == pytest.approx(0.5)
    assert whole.gflops("ours") == pytest.approx(294.2, rel=1e-3)
    assert whole.as_dict()["ours"]["share_of_sgemm"] == pytest.approx(294.2 / 350, rel=1e-3)
    table = as_table({"cpu": "some"}, {"2": {"ours": 350.4, "fp32": 340.0}}, [whole])
    assert "cpu some. Product of 4096 x 4096, GFLOP/s, ours and fp32: 350 and 340 on 2" in table
    row = table.splitlines()[-1]
    assert "| brain encoder, B = 1 | 2 | 0.2 | 0.4 | 0.5 | 0.65 | - | 294 | 84 % | 85 % | 180 | 51 % |" in row
    assert "900 | 2000 | - | 2.1e-06 | within 1e-04 | 5, 5, 0 | 0.5 |" in row
    columns = {len(text.split("|")) for text in table.splitlines()[2:]}
    assert len(columns) == 1


def test_what_is_not_plain_is_said() -> None:
    text = line(case=BY_NAME["text"], size=Size(2, 250), check={})
    assert text.title == "250 words, word features; 2 of 28 layers; peer estimated"
    assert line(seconds={"ours": 1.0}).ratio is None
    clip = line(case=BY_NAME["clip"], size=Size(2))
    assert clip.title == "one V-JEPA clip; 2 of 40 layers; no predictor"
    assert clip.target is None
    assert line(case=BY_NAME["clip"], size=Size(40)).target == 0.75
    assert line(is_composed=True, is_quick=True).title == "brain encoder, B = 1; peer composed; quick"
    nothing = line(seconds={"fp32": 1.0}, products=None)
    assert nothing.bare_share is None
    json.dumps([text.as_dict(), nothing.as_dict()])


def test_without_a_peak_there_is_no_share_of_it() -> None:
    bare = line(sgemm=None)
    assert bare.as_dict()["ours"]["share_of_sgemm"] is None
    table = as_table({"cpu": "some"}, {}, [bare])
    assert "cpu some. Product of 4096 x 4096, GFLOP/s, -\n" in table
    assert "| 294 | - | 85 % | 180 | - |" in table


def test_json_holds_only_finite_numbers() -> None:
    endless = line(check={"difference": float("inf"), "peer_error": float("nan")}).as_dict()
    found = json.loads(json.dumps(finite(endless), allow_nan=False))
    assert (found["difference"], found["peer_error"], found["verdict"]) == (None, None, "FAILS")
    assert finite({"a": [float("nan"), 1.0, 2], "b": "x", "c": None}) == {"a": [None, 1.0, 2], "b": "x", "c": None}


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        ({}, "-"),
        ({"difference": 1e-4}, "within 1e-04"),
        ({"difference": 2e-4}, "over 1e-04, float64 not run"),
        ({"difference": 2e-4, "peer_error": 1e-4}, "within 3 x the peer's own"),
        ({"difference": 4e-4, "peer_error": 1e-4}, "FAILS"),
        ({"difference": float("inf")}, "FAILS"),
        ({"difference": None}, "FAILS"),
        ({"difference": float("inf"), "peer_error": float("inf")}, "FAILS"),
        ({"difference": 2e-4, "peer_error": float("inf")}, "FAILS"),
        ({"difference": 2e-4, "peer_error": None}, "FAILS"),
    ],
)
def test_whether_both_sides_agree(check: dict[str, float | None], verdict: str) -> None:
    assert line(check=check).verdict == verdict


def test_numbers_are_short() -> None:
    assert [shown(x) for x in (None, 0.0, 12345.6, 0.20049, 0.000123)] == ["-", "0", "12300", "0.2", "1.2e-04"]
    assert relative_difference(np.array([1.0, 2.1]), np.array([1.0, 2.0])) == pytest.approx(0.1 / 2.5**0.5)
    assert relative_difference(np.array([1.0, np.nan]), np.array([1.0, 2.0])) == float("inf")
    assert relative_difference(np.ones(3), np.ones((1, 3))) == float("inf")
    assert shown(float("inf")) == "-"


@pytest.mark.parametrize("kind", ["llama", "wav2vec_bert", "vjepa2"])
def test_released_sizes(kind: str) -> None:
    parts = bench_models.model_parts(kind)
    n_layers = bench_models.DEPTHS[kind]
    size = bench_models.n_bytes(parts.rest, parts.dtype) + n_layers * bench_models.n_bytes(parts.layer(0), parts.dtype)
    released = {"llama": 6.43e9, "wav2vec_bert": 2.32e9, "vjepa2": 4.05e9}[kind]
    assert size == pytest.approx(released, rel=0.005)


def test_a_model_of_fewer_layers_is_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = bench_models.Parts(
        "BF16",
        {"norm.weight": (4,)},
        lambda i: {f"layers.{i}.weight": (3, 5)},
        lambda folder, n: (folder / "model.safetensors").touch(),
    )
    monkeypatch.setattr(bench_models, "model_parts", lambda kind: small)
    monkeypatch.setattr(bench_models, "draw_pool", lambda: np.linspace(-1, 1, 7, dtype=np.float32))
    synced: list[bool] = []
    monkeypatch.setattr(os, "sync", lambda: synced.append(True))
    two, one = (bench_models.model_folder(tmp_path, "llama", n) for n in (2, 1))
    assert (one / "layer-00.safetensors").resolve() == (two / "layer-00.safetensors").resolve()
    tree = open_folder(one)
    assert tree.names() == ["norm.weight", "layers.0.weight"]
    gains = tree.take("norm.weight", (4,))
    assert np.all((gains > 0.69) & (gains < 1.31))
    assert len(np.unique(tree.take("layers.0.weight", (3, 5)))) == 7
    np.testing.assert_array_equal(
        open_folder(two).take("layers.0.weight", (3, 5)), tree.take("layers.0.weight", (3, 5))
    )
    assert bench_models.model_folder(tmp_path, "llama", 1) == one
    assert len(synced) == 1  # only the first of the three has written weights


def test_a_full_disk_is_said_before_writing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^llama needs 1000000000\.0 GB"):
        bench_models.check_disk(tmp_path, 10**18, "llama")
    bench_models.check_disk(tmp_path, 0, "nothing")
