"""Mistakes in the elementwise functions of feed-forward layers."""

from tribe_np.backend import array_module
from tribe_np.ops.activation import gelu, sigmoid, silu
from tribe_np.oracle.diagnose.changes import all_of, where, with_kernels
from tribe_np.oracle.diagnose.mistake import Mistake
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

WITH_GELU = ("encoder", "vjepa2", "dinov2")
WITH_SILU = ("llama", "wav2vec_bert", "dinov2")
WITH_GATE = ("llama", "dinov2")


def tanh_gelu(x: Array) -> Array:
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).

    Shapes   x (...) -> (...)
    Source   torch 2.13.0 nn.GELU(approximate="tanh")
    """
    return 0.5 * x * (1.0 + array_module(x).tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


def quick_gelu(x: Array) -> Array:
    """x sigmoid(1.702 x).

    Shapes   x (...) -> (...)
    Source   transformers 5.23.0 QuickGELUActivation
    """
    return x * sigmoid(1.702 * x)


def _is_gated(setup: Setup) -> bool:
    return setup.model == "llama" or bool(setup.config.get("use_swiglu_ffn"))


def _has_gelu(setup: Setup) -> bool:
    return not _is_gated(setup)


EXACT = "this model uses the exact GELU, 0.5 x (1 + erf(x / sqrt 2))"
ACTIVATION_MISTAKES = (
    Mistake(
        "gelu-tanh",
        WITH_GELU,
        "the GELU is the tanh approximation",
        EXACT,
        where(_has_gelu, with_kernels(gelu=tanh_gelu)),
    ),
    Mistake(
        "gelu-sigmoid",
        WITH_GELU,
        "the GELU is x times the sigmoid of 1.702 x",
        EXACT,
        where(_has_gelu, with_kernels(gelu=quick_gelu)),
    ),
    Mistake("silu-for-gelu", WITH_GELU, "the activation is SiLU", EXACT, where(_has_gelu, with_kernels(gelu=silu))),
    Mistake(
        "relu-for-gelu",
        WITH_GELU,
        "the activation is ReLU",
        EXACT,
        where(_has_gelu, with_kernels(gelu=lambda x: x * (x > 0))),
    ),
    Mistake(
        "gelu-for-silu",
        WITH_SILU,
        "the activation is GELU",
        "it is SiLU, x times the sigmoid of x",
        where(
            lambda setup: setup.model == "wav2vec_bert" or _is_gated(setup),
            with_kernels(silu=gelu, silu_gate=lambda gate, up: gelu(gate) * up),
        ),
    ),
    Mistake(
        "gate-for-up",
        WITH_GATE,
        "the SiLU is taken of up_proj's output instead of gate_proj's",
        "it is silu(gate) * up",
        where(_is_gated, with_kernels(silu_gate=lambda gate, up: gate * silu(up))),
    ),
    Mistake(
        "glu-halves",
        ("wav2vec_bert",),
        "the sigmoid of the gated unit is taken of the first half of the channels",
        "the first half are values, the second gates",
        with_kernels(glu=lambda x: _swapped_glu(x)),
    ),
    Mistake(
        "no-activation",
        (*WITH_GELU, *WITH_SILU[:2]),
        "the activation of the feed-forward layers is missing",
        "there is a GELU (SiLU in LLaMA and Wav2Vec-BERT) between the two linear layers",
        all_of(with_kernels(gelu=lambda x: x, silu=lambda x: x, silu_gate=lambda gate, up: gate * up)),
    ),
)


def _swapped_glu(x: Array) -> Array:
    half = x.shape[-1] // 2
    return sigmoid(x[..., :half]) * x[..., half:]
