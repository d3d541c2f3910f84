"""Features to the encoder's width: one map a modality, and smoothing over time where a model has it.

A map is linear as released; it may be a perceptron, or a matrix for each subject. Layers first, `Projector` below.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tribe_np.backend import array_module
from tribe_np.encoder.config import BuildArgs, EncoderConfig, MlpConfig, SubjectLayersConfig
from tribe_np.encoder.readout import SubjectLayers
from tribe_np.errors import ShapeError
from tribe_np.nn.backward import Backward, Named, under
from tribe_np.nn.context import Context
from tribe_np.nn.layers import LayerNorm, Linear
from tribe_np.ops.activation import elu, elu_vjp, gelu_vjp, prelu, prelu_vjp, relu, relu_vjp
from tribe_np.ops.conv import depthwise, depthwise_vjp
from tribe_np.ops.norm import layer_norm, layer_norm_vjp, unit_norm, unit_norm_vjp
from tribe_np.protocols import Array, Weights

NORM_EPS = 1e-5  # default of torch's LayerNorm, InstanceNorm1d and BatchNorm1d; no config field sets it


@dataclass(frozen=True, eq=False)
class StepBatchNorm:
    """BatchNorm1d where upstream puts it: on (B, T, D) it normalises each time *step*, so T must equal its width.

    Source   torch 2.13.0 nn.BatchNorm1d in eval mode
    """

    weight: Array  # (D,)
    bias: Array  # (D,)
    running_mean: Array  # (D,)
    running_var: Array  # (D,)

    @classmethod
    def from_weights(cls, weights: Weights, dim: int) -> "StepBatchNorm":
        """Takes the affine pair, the running statistics, and the count of batches, which inference ignores."""
        weights.skip("num_batches_tracked", ())  # int64 in PyTorch's files
        names = ("weight", "bias", "running_mean", "running_var")
        return cls(*(weights.take(name, (dim,)) for name in names))

    def __call__(self, x: Array) -> Array:
        """Shapes   x (B, T, D) with T = D of the norm -> (B, T, D)."""
        n_steps, width = x.shape[1], self.weight.shape[0]
        if n_steps != width:
            raise ShapeError(
                f'norm_layer "batch" normalises over time, as upstream does: it needs {width} steps, got {n_steps}'
            )
        xp = array_module(x)
        centred = (x - self.running_mean[:, None]) / xp.sqrt(self.running_var[:, None] + NORM_EPS)
        return centred * self.weight[:, None] + self.bias[:, None]

    def vjp(self, x: Array, grad: Array) -> tuple[Array, Named]:
        """The gradients of x and of the affine pair, in eval mode: the running statistics are constants.

        Shapes   x (B, T, D), grad (B, T, D) -> (B, T, D), and as the weights
        """
        deviation = array_module(x).sqrt(self.running_var[:, None] + NORM_EPS)
        centred = (x - self.running_mean[:, None]) / deviation
        weights = {"weight": (grad * centred).sum(axis=(0, 2)), "bias": grad.sum(axis=(0, 2))}
        return grad * self.weight[:, None] / deviation, weights


@dataclass(frozen=True, eq=False)
class HiddenLayer:
    """Linear, then a norm or none, then an activation or none."""

    linear: Linear
    norm: LayerNorm | StepBatchNorm | str | None  # "instance" and "unit" have no weights
    activation: str | None
    slope: Array | None  # (1,), of a prelu

    @classmethod
    def from_weights(cls, weights: Weights, config: MlpConfig, start: int, n_in: int, n_out: int) -> "HiddenLayer":
        """Takes the entries start, start + 1, ... of the Sequential; without a norm there is one entry less."""
        after = start + (2 if config.norm_layer else 1)
        norm: LayerNorm | StepBatchNorm | str | None = config.norm_layer
        if norm == "layer":
            norm = LayerNorm.from_weights(weights.at(start + 1), n_out, eps=NORM_EPS)
        elif norm == "batch":
            norm = StepBatchNorm.from_weights(weights.at(start + 1), n_out)
        return cls(
            Linear.from_weights(weights.at(start), n_in, n_out, bias=config.bias),
            norm,
            config.activation_layer,
            weights.at(after).take("weight", (1,)) if config.activation_layer == "prelu" else None,
        )

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, T, D_in) -> (B, T, D_out)."""
        x = ctx.see("linear.output", self.linear(x))
        if self.norm is not None:
            x = ctx.see("norm.output", self.normed(x, ctx))
        if self.activation == "prelu":
            x = prelu(x, self.slope)
        elif self.activation is not None:
            activations: dict[str, Callable[[Array], Array]] = {"relu": relu, "elu": elu, "gelu": ctx.kernels.gelu}
            x = activations[self.activation](x)
        return ctx.see("activated", x)

    def normed(self, x: Array, ctx: Context) -> Array:
        """The stage between the linear layer and the activation.

        Shapes   x (B, T, D_out) -> (B, T, D_out)
        """
        if isinstance(self.norm, LayerNorm):
            return self.norm(x, ctx)
        if isinstance(self.norm, StepBatchNorm):
            return self.norm(x)
        if self.norm == "instance":
            # InstanceNorm1d without affine, on (B, T, D): each step over its channels
            return layer_norm(x, eps=NORM_EPS)
        return unit_norm(x) if self.norm == "unit" else x

    def vjp(self, x: Array, grad: Array, start: int, back: Backward) -> tuple[Array, Named]:
        """The gradients of x and of the entries `start`, `start` + 1, ... of the Sequential.

        Shapes   x (B, T, D_in), grad (B, T, D_out) -> (B, T, D_in), and as the weights
        """
        linear, weights = back.took("linear.output"), {}
        grad, normed = back.see("activated", grad), self.normed(linear, Context())
        if self.activation == "prelu":
            grad, slope = prelu_vjp(normed, self.slope, grad)
            weights[f"{start + (2 if self.norm else 1)}.weight"] = slope
        elif self.activation is not None:
            grad = {"relu": relu_vjp, "elu": elu_vjp, "gelu": gelu_vjp}[self.activation](normed, grad)
        if isinstance(self.norm, (LayerNorm, StepBatchNorm)):
            grad, norm = self.norm.vjp(linear, grad)
            weights |= under(start + 1, norm)
        elif self.norm == "instance":
            grad, _, _ = layer_norm_vjp(linear, None, grad, eps=NORM_EPS)
        elif self.norm == "unit":
            grad = unit_norm_vjp(linear, grad)
        grad, found = self.linear.vjp(x, back.see("linear.output", grad), back)
        return grad, under(start, found) | weights


@dataclass(frozen=True, eq=False)
class Mlp:
    """Hidden layers, then a linear one.

    Source   neuraltrain 0.0.2 Mlp; torchvision 0.28.0 ops.MLP
    """

    hidden_layers: tuple[HiddenLayer, ...]
    last: Linear

    @classmethod
    def from_weights(cls, weights: Weights, config: MlpConfig, n_in: int, n_out: int) -> "Mlp":
        """Takes a plain linear layer, or the numbered entries of the Sequential."""
        if not config.hidden_sizes:
            # upstream ignores `bias`, the norm and the activation here
            return cls((), Linear.from_weights(weights, n_in, n_out, bias=True))
        stride = 4 if config.norm_layer else 3
        widths = (n_in, *config.hidden_sizes)
        layers = tuple(
            HiddenLayer.from_weights(weights, config, stride * j, widths[j], widths[j + 1])
            for j in range(len(config.hidden_sizes))
        )
        last = weights.at(stride * len(layers))
        return cls(layers, Linear.from_weights(last, widths[-1], n_out, bias=config.bias))

    def __call__(self, x: Array, ctx: Context) -> Array:
        """Shapes   x (B, T, D_in) -> (B, T, D_out)."""
        for j, layer in enumerate(self.hidden_layers):
            x = layer(x, ctx.at("hidden", j))
        # without hidden layers x is a view of the features, (B, G * F, T) in memory and the largest array of all
        return ctx.see("output", self.last(x) if self.hidden_layers else self.last.each(x))

    def vjp(self, x: Array, grad: Array, back: Backward) -> tuple[Array, Named]:
        """The gradients of x and of every layer.

        Shapes   x (B, T, D_in), grad (B, T, D_out) -> (B, T, D_in), and as the weights
        """
        layers = [back.at("hidden", j) for j in range(len(self.hidden_layers))]
        inputs = [x, *(layer.took("activated") for layer in layers)]
        grad, last = self.last.vjp(inputs[-1], back.see("output", grad), back)
        if not layers:
            return grad, last
        stride = 4 if self.hidden_layers[0].norm else 3
        weights = under(stride * len(layers), last)
        for j in reversed(range(len(layers))):
            grad, found = self.hidden_layers[j].vjp(inputs[j], grad, stride * j, layers[j])
            weights |= found
        return grad, weights


@dataclass(frozen=True, eq=False)
class Projector:
    """One modality's map to the model's width."""

    layer: Mlp | SubjectLayers

    @classmethod
    def from_weights(
        cls, weights: Weights, config: MlpConfig | SubjectLayersConfig, n_in: int, n_out: int
    ) -> "Projector":
        """Builds what the configuration names."""
        if isinstance(config, MlpConfig):
            return cls(Mlp.from_weights(weights, config, n_in, n_out))
        return cls(SubjectLayers.from_weights(weights, config, n_in, n_out))

    def __call__(self, x: Array, subject_index: Array | None, ctx: Context) -> Array:
        """Shapes   x (B, T, G * F or F) -> (B, T, D)."""
        if isinstance(self.layer, Mlp):
            return self.layer(x, ctx)
        return ctx.see("output", self.layer(x, subject_index))

    def vjp(self, x: Array, grad: Array, subject_index: Array | None, back: Backward) -> tuple[Array, Named]:
        """The gradients of x and of the layer's weights.

        Shapes   x (B, T, G * F or F), grad (B, T, D) -> (B, T, G * F or F), and as the weights
        """
        if isinstance(self.layer, Mlp):
            return self.layer.vjp(x, grad, back)
        return self.layer.vjp(x, back.see("output", grad), subject_index, back)


def take_projectors(weights: Weights, config: EncoderConfig, build_args: BuildArgs) -> dict[str, Projector]:
    """A projector for each modality that has dimensions; the width is shared among all, with or without."""
    n_out = config.projected_dim(len(build_args.feature_dims))
    projectors = {}
    for modality, dims in build_args.feature_dims.items():
        if dims is not None:
            n_in = dims[0] * dims[1] if config.layer_aggregation == "cat" else dims[1]
            projectors[modality] = Projector.from_weights(weights.at(modality), config.projector, n_in, n_out)
    return projectors


@dataclass(frozen=True, eq=False)
class TemporalSmoothing:
    """A depthwise convolution; its kernel is always the checkpoint's, since training may have moved a Gaussian one.

    Source   tribev2 7239908 model.TemporalSmoothing (nn.Conv1d with padding kernel_size // 2)
    """

    weight: Array  # (D, W)

    @classmethod
    def from_weights(cls, weights: Weights, dim: int, kernel_size: int) -> "TemporalSmoothing":
        """Takes `weight` (D, 1, W)."""
        return cls(weights.take("weight", (dim, 1, kernel_size)).reshape(dim, kernel_size))

    def __call__(self, x: Array) -> Array:
        """Shapes   x (B, T, D) -> (B, T, D); an even kernel gives T + 1 steps, as upstream."""
        half = self.weight.shape[1] // 2
        return depthwise(x, self.weight, pad_left=half, pad_right=half)

    def vjp(self, x: Array, grad: Array) -> tuple[Array, Named]:
        """The gradients of x and of the kernels.

        Shapes   x (B, T, D), grad (B, T or T + 1, D) -> (B, T, D), (D, 1, W)
        """
        half = self.weight.shape[1] // 2
        grad_x, weight = depthwise_vjp(x, self.weight, grad, pad_left=half, pad_right=half)
        return grad_x, {"weight": weight[:, None]}


def take_smoothing(weights: Weights, config: EncoderConfig) -> TemporalSmoothing | None:
    """The smoothing, where the configuration has one."""
    if config.temporal_smoothing is None:
        return None
    return TemporalSmoothing.from_weights(weights, config.hidden, config.temporal_smoothing.kernel_size)
