"""A small LLaMA with its tokenizer, for the tests of word features; a module may define its own under the same name."""

import pytest

from extractors import LlamaModel
from extractors.common.layers import LayerSelection
from extractors.llama.random import write_random
from extractors.llama.tokenizer import LlamaTokenizer

SMALL = {"n_layers": 4, "hidden_size": 32, "intermediate_size": 48, "head_dim": 8}
SELECTION = LayerSelection((0.5, 0.75, 1.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_random(tmp_path_factory.mktemp("llama"), seed=2, **SMALL)


@pytest.fixture(scope="module")
def model(folder):
    return LlamaModel.from_pretrained(folder)


@pytest.fixture(scope="module")
def tokenizer(folder):
    return LlamaTokenizer.from_pretrained(folder)
