"""Mistakes in Wav2Vec-BERT's own parts: halved feed-forwards, the convolution module."""

from tribe_np.ops.conv import depthwise, depthwise_causal
from tribe_np.oracle.diagnose.changes import Memory, any_of, with_edit, with_kernels
from tribe_np.oracle.diagnose.mistake import Mistake
from tribe_np.oracle.diagnose.mistakes.stream_mistakes import layer_taps
from tribe_np.protocols import Array

MODEL = ("wav2vec_bert",)


def _centred(x: Array, weight: Array) -> Array:
    width = weight.shape[1]
    return depthwise(x, weight, pad_left=(width - 1) // 2, pad_right=width // 2)


def _future(x: Array, weight: Array) -> Array:
    return depthwise(x, weight, pad_left=0, pad_right=weight.shape[1] - 1)


def _whole(name: str, stream: Array, heard: Memory) -> Array:
    return stream + 0.5 * heard[name.removesuffix("stream") + "output"]


def _before_norm(name: str, normed: Array, heard: Memory) -> Array:
    return heard[name.removesuffix("output") + "ffn2.stream"]


CAUSAL = "it is causal: the last tap of the kernel is the current step's"
SPEECH_MISTAKES = (
    Mistake(
        "feed-forward-whole",
        MODEL,
        "feed-forward layers are added whole",
        "each is halved",
        with_edit("*.ffn[12].stream", _whole, "*.ffn[12].output"),
    ),
    Mistake(
        "layer-norm-missing",
        MODEL,
        "the norm at the end of each layer is missing",
        "final_layer_norm follows the sum",
        lambda setup: with_edit(layer_taps(setup, "output"), _before_norm, "*.ffn2.stream")(setup),
    ),
    Mistake(
        "conv-centred",
        MODEL,
        "the depthwise convolution is centred",
        CAUSAL,
        with_kernels(depthwise_causal=_centred),
    ),
    Mistake(
        "conv-of-the-future",
        MODEL,
        "the depthwise convolution is padded on the right",
        CAUSAL,
        with_kernels(depthwise_causal=_future),
    ),
    Mistake(
        "conv-reversed",
        MODEL,
        "the depthwise kernel is reversed",
        "torch's convolution is a correlation",
        with_kernels(depthwise_causal=lambda x, weight: depthwise_causal(x, weight[:, ::-1])),
    ),
    Mistake(
        "conv-norm-missing",
        MODEL,
        "the norm inside the convolution module is missing",
        "depthwise_layer_norm stands between the convolution and the activation",
        any_of(
            with_edit(
                "*.depthwise_layer_norm.output",
                lambda name, x, heard: heard[name.replace("depthwise_layer_norm", "depthwise_conv")],
                "*.depthwise_conv.output",
            )
        ),
    ),
)
