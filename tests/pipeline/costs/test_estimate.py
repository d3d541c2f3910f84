"""Estimates of memory beside what processes really took: VmHWM of fresh ones, with models of released widths."""

import subprocess
import sys
from pathlib import Path

import pytest

from extractors.catalogue import RECORDS
from extractors.common.costs import BLOCK_SCORES, SCORE_BLOCKS, Load
from extractors.llama.random import write_random as write_llama
from extractors.wav2vec_bert.random import write_random as write_audio
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.kernels import blocked_attention
from tribe_np.pipeline.costs.estimate import Need, WeightSizes, extractor_need

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads VmHWM")
MEASURE = """
import sys
def status(name):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))
{imports}
before = status("VmRSS")
{work}
print(status("VmHWM") - before)
"""


def measured(imports: str, work: str) -> int:
    """Bytes that a fresh process took beyond what it held after its imports."""
    code = MEASURE.format(imports=imports, work=work)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def check(need: Need, took: int) -> None:
    """Not below what was taken, and above it by a factor of at most 1.7."""
    assert took <= need.n_bytes <= 1.7 * took


def test_layers_are_counted_by_name_and_tables_left_out() -> None:
    shapes = {
        "model.embed_tokens.weight": (100, 4), "model.layers.0.a.weight": (3, 4), "model.layers.0.b": (2,),
        "model.layers.1.a.weight": (4, 4), "lm_head.weight": (100, 4), "norm.weight": (4,),
        "predictor.layer.0.weight": (9, 9), "encoder.layer.1.bias": (1,),
    }  # fmt: skip
    entries = {name: TensorEntry(Path("x"), name, "F32", shape, 0) for name, shape in shapes.items()}
    unread = [part for record in RECORDS for part in record.costs.UNREAD]
    assert WeightSizes.of(entries, unread) == WeightSizes(layer=17, layers=31, rest=4)


def test_blocks_of_scores_are_those_of_attention() -> None:
    assert SCORE_BLOCKS * BLOCK_SCORES >= blocked_attention.TOGETHER


@linux
@pytest.mark.parametrize("streaming", [True, False])
def test_a_wide_model_of_sound(tmp_path: Path, streaming: bool) -> None:
    write_audio(tmp_path, seed=0, n_layers=3, hidden=1024, intermediate=4096)
    took = measured(
        "import numpy as np\nfrom extractors.common.layer_groups import LayerSelection\n"
        "from extractors.wav2vec_bert.extract import audio_features\n"
        "from extractors.wav2vec_bert.model import Wav2VecBertModel",
        f"model = Wav2VecBertModel.from_pretrained({str(tmp_path)!r}, streaming={streaming})\n"
        "sound = np.random.default_rng(0).standard_normal((5 * 44100, 2), np.float32)\n"
        "audio_features(model, sound, 44100, 5.0, selection=LayerSelection((0.5, 0.75, 1.0)))",
    )
    check(extractor_need(tmp_path, "audio", streaming=streaming, load=Load(chunk_seconds=5.0)), took)


@linux
@pytest.mark.parametrize("streaming", [True, False])
def test_a_wide_model_of_text(tmp_path: Path, streaming: bool) -> None:
    wide = {"hidden_size": 1024, "intermediate_size": 2816, "num_attention_heads": 8, "num_key_value_heads": 4}
    write_llama(tmp_path, seed=0, n_layers=3, head_dim=128, **wide)
    took = measured(
        "import numpy as np\nfrom extractors.llama.model import LlamaModel\n"
        "from extractors.llama.passes import PrefixForest",
        f"model = LlamaModel.from_pretrained({str(tmp_path)!r}, streaming={streaming})\n"
        "forest = PrefixForest.grow([[np.arange(900) % 200]])\n"
        "for _ in model.iterate_forest_states(forest, model.context()): pass",
    )
    check(extractor_need(tmp_path, "text", streaming=streaming, load=Load(n_words_at_once=225)), took)
