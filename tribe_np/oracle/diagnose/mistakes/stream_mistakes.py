"""Mistakes in the stream from layer to layer: residuals, where norms stand, the final norm, which layers run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tribe_np.ops.norm import layer_norm, length_norm, rms_norm, scale_norm
from tribe_np.oracle.diagnose.changes import all_of, any_of, beside, where, with_edit, with_other_weights, with_weights
from tribe_np.oracle.diagnose.mistake import Change, Mistake
from tribe_np.oracle.diagnose.mistakes.norm_mistakes import ALL_MODELS, eps_of
from tribe_np.oracle.diagnose.mistakes.rotary_mistakes import encoder_options
from tribe_np.oracle.layer_parts import STREAM
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

PRE_NORM = ("encoder", "llama", "vjepa2", "dinov2")
RESIDUAL_SCALES = "*.residual_scale"


@dataclass(frozen=True)
class Half:
    """Half a layer: a norm, a branch, and the stream that the branch is added to; names below the layer's."""

    norm: str  # tap, and the norm's weights
    branch: str  # tap of what is added
    stream: str  # tap of the sum


@dataclass(frozen=True)
class Stack:
    """Where a model's layers are."""

    layers: str  # what comes before a layer's number, of taps
    weights: str  # the same, of weights
    before: tuple[str, ...]  # taps that may be the first layer's input, the last one first
    final_norm: str  # the norm behind the layers, of taps and weights; "" where there is none
    halves: tuple[Half, ...]
    norm_leaf: str = ".output"


STACKS: Mapping[str, Stack] = {
    "encoder": Stack(
        "encoder.layers.",
        "encoder.layers.",
        ("time_pos_embed.output", "combiner.output", "temporal_smoothing.output", "modalities"),
        "encoder.final_norm",
        (Half("norm", "branch", "output"),),
    ),
    "llama": Stack(
        "llama.layers.",
        "model.layers.",
        ("embed_tokens.output",),
        "llama.norm",
        (
            Half("input_layernorm", "self_attn.output", "self_attn.stream"),
            Half("post_attention_layernorm", "mlp.output", "output"),
        ),
    ),
    "wav2vec_bert": Stack(
        "wav2vec_bert.encoder.layers.",
        "encoder.layers.",
        ("feature_projection.output",),
        "",
        (),
    ),
    "vjepa2": Stack(
        "vjepa2.encoder.layer.",
        "encoder.layer.",
        ("encoder.embeddings.patch_embeddings.proj.output",),
        "vjepa2.encoder.layernorm",
        (Half("norm1", "attention.output", "attention.stream"), Half("norm2", "mlp.output", "output")),
    ),
    "dinov2": Stack(
        "dinov2.encoder.layer.",
        "encoder.layer.",
        ("embeddings.output",),
        "",
        (
            Half("norm1", "layer_scale1.output", "attention.stream"),
            Half("norm2", "layer_scale2.output", "output"),
        ),
    ),
}


def n_layers(setup: Setup) -> int:
    """Layers of a model; of the encoder sublayers."""
    start = STACKS[setup.model].weights
    numbers = [name[len(start) :].partition(".")[0] for name in setup.weights if name.startswith(start)]
    return 1 + max(map(int, numbers), default=-1)


def layer_taps(setup: Setup, leaf: str) -> list[str]:
    """The names of a leaf in every layer."""
    return [f"{STACKS[setup.model].layers}{i}.{leaf}" for i in range(n_layers(setup))]


def _layer_of(stack: Stack, name: str) -> int:
    return int(name[len(stack.layers) :].partition(".")[0])


def _input_of(setup: Setup, layer: int, heard: Mapping[str, Array]) -> Array:
    """The stream before a layer."""
    stack = STACKS[setup.model]
    taps = [f"{stack.layers}{layer - 1}.output"] if layer else [f"{setup.model}.{leaf}" for leaf in stack.before]
    found = next((heard[name] for name in taps if name in heard), None)
    return setup.inputs[STREAM] if found is None else found


def _normed(setup: Setup, weights: str, x: Array) -> Array:
    """x through a norm of the model whose weights stand below a name."""
    found = {leaf: setup.weights.get(f"{weights}.{leaf}") for leaf in ("g", "weight", "bias")}
    taken = {leaf: None if w is None else w.astype(x.dtype) for leaf, w in found.items()}
    if taken["g"] is not None:
        return (scale_norm if taken["g"].size == 1 else length_norm)(x, taken["g"])
    if setup.model == "llama":
        return rms_norm(x, taken["weight"], eps=eps_of(setup))
    return layer_norm(x, taken["weight"], taken["bias"], eps=eps_of(setup))


def _weights_of(setup: Setup, half: Half, layer: int) -> str:
    leaf = "0.0" if setup.model == "encoder" else half.norm
    return f"{STACKS[setup.model].weights}{layer}.{leaf}"


def _per_half(change: Callable[[Setup, Half, Half | None], Change]) -> Change:
    """The changes of every half of a layer; each is told the half before it in the layer, or None."""

    def made(setup: Setup) -> Setup | None:
        halves = STACKS[setup.model].halves
        changes = [change(setup, half, halves[i - 1] if i else None) for i, half in enumerate(halves)]
        return any_of(*changes)(setup)

    return made


def _without_norm(setup: Setup, half: Half, earlier: Half | None) -> Change:
    stack = STACKS[setup.model]

    def unnormed(name: str, array: Array, heard: Mapping[str, Array]) -> Array:
        layer = _layer_of(stack, name)
        before = _input_of(setup, layer, heard) if earlier is None else heard[f"{stack.layers}{layer}.{earlier.stream}"]
        return before

    return with_edit(layer_taps(setup, f"{half.norm}.output"), unnormed, f"{setup.model}.*")


def _post_norm(setup: Setup, half: Half, earlier: Half | None) -> Change:
    stack = STACKS[setup.model]

    def normed(name: str, array: Array, heard: Mapping[str, Array]) -> Array:
        return _normed(setup, _weights_of(setup, half, _layer_of(stack, name)), array)

    return any_of(
        _without_norm(setup, half, earlier),
        with_edit(layer_taps(setup, half.stream), normed),
    )


def _residual_after_norm(setup: Setup, half: Half, earlier: Half | None) -> Change:
    stack = STACKS[setup.model]

    def summed(name: str, array: Array, heard: Mapping[str, Array]) -> Array:
        start = f"{stack.layers}{_layer_of(stack, name)}."
        normed = heard[f"{start}{half.norm}.output"]
        scale = setup.weights.get(f"{stack.weights}{_layer_of(stack, name)}.2.residual_scale")
        return heard[start + half.branch] + (normed if scale is None else normed * scale.astype(array.dtype))

    watched = (f"{stack.layers}*.{half.norm}.output", f"{stack.layers}*.{half.branch}")
    return with_edit(layer_taps(setup, half.stream), summed, *watched)


def _without_residual(setup: Setup, half: Half, earlier: Half | None) -> Change:
    stack = STACKS[setup.model]

    def branch(name: str, array: Array, heard: Mapping[str, Array]) -> Array:
        return heard[f"{stack.layers}{_layer_of(stack, name)}.{half.branch}"]

    return with_edit(layer_taps(setup, half.stream), branch, f"{stack.layers}*.{half.branch}")


def _residual_of_the_layer(setup: Setup) -> Setup | None:
    """Of two halves the second adds its branch to what goes into the first."""
    stack, halves = STACKS[setup.model], STACKS[setup.model].halves

    def summed(name: str, array: Array, heard: Mapping[str, Array]) -> Array:
        layer = _layer_of(stack, name)
        return _input_of(setup, layer, heard) + heard[f"{stack.layers}{layer}.{halves[-1].branch}"]

    return with_edit(layer_taps(setup, halves[-1].stream), summed, f"{setup.model}.*")(setup)


def _first_norm_for_both(setup: Setup) -> Setup | None:
    """Of two halves both have the norm of the first."""
    first, second = (half.norm for half in STACKS[setup.model].halves)
    names = {name: name.replace(f".{second}.", f".{first}.") for name in setup.weights if f".{second}." in name}
    return with_other_weights(lambda weights: {name: weights[other] for name, other in names.items()})(setup)


def _without_last_sublayer(setup: Setup) -> Setup | None:
    last = n_layers(setup) - 1
    pattern = f"{STACKS[setup.model].layers}{last}.output"
    return with_edit(pattern, lambda name, array, heard: _input_of(setup, last, heard), f"{setup.model}.*")(setup)


def _scale_on_branch(setup: Setup) -> Setup | None:
    if not encoder_options(setup).get("scale_residual", True):
        return None

    def scaled(name: str, array: Array, heard: Mapping[str, Array]) -> Array:
        scale = setup.weights[f"{name.removesuffix('output')}2.residual_scale"].astype(array.dtype)
        return heard[beside(name, "branch")] * scale + heard[beside(name, "residual")] / scale

    watched = ("encoder.layers.*.branch", "encoder.layers.*.residual")
    return with_edit(layer_taps(setup, "output"), scaled, *watched)(setup)


def _branch_scaled(setup: Setup) -> Setup | None:
    """As `_scale_on_branch`, of a port that shows the branch as it scales it."""
    return all_of(_branch_alone_scaled, with_weights(RESIDUAL_SCALES, np.ones_like))(setup)


def _branch_alone_scaled(setup: Setup) -> Setup | None:
    scales = {name: scale for name, scale in setup.weights.items() if name.endswith(".residual_scale")}

    def scaled(name: str, array: Array, heard: Mapping[str, Array]) -> Array:
        return array * scales[f"{name.removesuffix('branch')}2.residual_scale"].astype(array.dtype)

    return with_edit(layer_taps(setup, "branch"), scaled)(setup) if scales else None


def _without_final_norm(setup: Setup) -> Setup | None:
    stack, last = STACKS[setup.model], n_layers(setup)
    if not stack.final_norm or (setup.model == "vjepa2" and not setup.config.get("final_norm")):
        return None
    edit = with_edit(
        f"{stack.final_norm}.output", lambda name, array, heard: _input_of(setup, last, heard), f"{setup.model}.*"
    )
    return edit(setup)


def _with_final_norm(setup: Setup) -> Setup | None:
    weights = "layernorm" if setup.model == "dinov2" else "encoder.layernorm"
    if f"{weights}.weight" not in setup.weights or setup.config.get("final_norm"):
        return None
    last = f"{STACKS[setup.model].layers}{n_layers(setup) - 1}.output"
    return with_edit(last, lambda name, array, heard: _normed(setup, weights, array))(setup)


def _without_last_layer(setup: Setup) -> Setup | None:
    stack, step = STACKS[setup.model], 2 if setup.model == "encoder" else 1
    first = n_layers(setup) - step
    if first < 1:
        return None
    pattern = f"{stack.layers}{first + step - 1}.output"
    edit = with_edit(pattern, lambda name, array, heard: _input_of(setup, first, heard), f"{setup.model}.*")
    return edit(setup)


def _first_for_all(setup: Setup) -> Setup | None:
    start, step, found = STACKS[setup.model].weights, 2 if setup.model == "encoder" else 1, {}
    for name in setup.weights:
        if name.startswith(start):
            number, _, leaf = name[len(start) :].partition(".")
            found[name] = setup.weights[f"{start}{int(number) % step}.{leaf}"]
    return with_other_weights(lambda _: found)(setup)


SCALE = "the stream is multiplied by it, and the branch's output is added unscaled"
PRE = "the norm is taken of what goes into the branch alone (pre-norm)"
STREAM_MISTAKES = (
    Mistake(
        "residual-scale-on-branch",
        ("encoder",),
        "residual_scale multiplies the branch's output",
        SCALE,
        _scale_on_branch,
        (_branch_scaled,),
    ),
    Mistake(
        "residual-scale-on-both",
        ("encoder",),
        "residual_scale multiplies the branch's output as well",
        SCALE,
        _branch_alone_scaled,
    ),
    Mistake(
        "residual-scale-missing",
        ("encoder",),
        "residual_scale is ignored",
        SCALE,
        with_weights(RESIDUAL_SCALES, np.ones_like),
    ),
    Mistake(
        "residual-missing",
        PRE_NORM,
        "the stream is not added to a branch's output",
        "it is",
        _per_half(_without_residual),
        (where(lambda setup: setup.model == "encoder", with_edit("*.residual", lambda name, x, heard: x * 0)),),
    ),
    Mistake(
        "residual-after-norm",
        PRE_NORM,
        "what is added to a branch's output is the normalised stream",
        "it is the stream itself",
        _per_half(_residual_after_norm),
    ),
    Mistake(
        "residual-of-the-layer",
        ("llama", "vjepa2", "dinov2"),
        "the feed-forward's output is added to the layer's input",
        "it is added to the stream that attention was added to",
        _residual_of_the_layer,
    ),
    Mistake(
        "first-norm-for-both",
        ("llama", "vjepa2", "dinov2"),
        "the norm before the feed-forward has the weights of the one before attention",
        "each has its own",
        _first_norm_for_both,
    ),
    Mistake("norms-missing", PRE_NORM, "the norms before the branches are missing", PRE, _per_half(_without_norm)),
    Mistake("post-norm", PRE_NORM, "norms stand behind the sum (post-norm)", PRE, _per_half(_post_norm)),
    Mistake(
        "final-norm-missing",
        ("encoder", "llama", "vjepa2"),
        "the norm behind the last layer is missing",
        "the last state is normalised",
        _without_final_norm,
    ),
    Mistake(
        "final-norm-added",
        ("vjepa2", "dinov2"),
        "the last state is normalised",
        "it is the last layer's output as it is",
        _with_final_norm,
    ),
    Mistake(
        "last-layer-missing",
        ALL_MODELS,
        "the last layer is not run, or the state before it is handed over",
        "the last state is that behind the last layer",
        _without_last_layer,
    ),
    Mistake(
        "last-feed-forward-missing",
        ("encoder",),
        "the last feed-forward sublayer is not run",
        "depth counts pairs of attention and feed-forward",
        _without_last_sublayer,
    ),
    Mistake(
        "first-layer-for-all",
        ALL_MODELS,
        "every layer has the weights of the first",
        "each has its own",
        where(lambda setup: n_layers(setup) > 1, _first_for_all),
    ),
)
