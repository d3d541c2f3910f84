"""Adam: every weight moves by its averaged gradient over the root of its averaged square."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tribe_np.backend import array_module
from tribe_np.protocols import Array


@dataclass(frozen=True, eq=False)
class Moments:
    """What Adam remembers of each weight that had a gradient, by name."""

    steps: Mapping[str, int] = field(default_factory=dict)  # how many it had
    means: Mapping[str, Array] = field(default_factory=dict)  # decaying mean of the gradient
    squares: Mapping[str, Array] = field(default_factory=dict)  # decaying mean of its square


@dataclass(frozen=True)
class Adam:
    """The optimiser's constants; torch's defaults.

    Source   torch 2.13.0 optim.Adam (amsgrad, maximize and capturable false)
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    def moved(
        self,
        weights: Mapping[str, Array],
        gradients: Mapping[str, Array],
        moments: Moments,
        *,
        lr: float,
        beta1: float | None = None,
    ) -> tuple[dict[str, Array], Moments]:
        """The weights after one step, and what is to be remembered; a schedule may set beta1.

        Weights without a gradient stay, and so does what is remembered of them. Nothing given is changed.
        Numerics m += (g - m)(1 - beta1); v = v beta2 + g g (1 - beta2);
                 w -= lr / (1 - beta1^n) * m / (sqrt(v) / sqrt(1 - beta2^n) + eps), n the weight's own count
        """
        beta1 = self.beta1 if beta1 is None else beta1
        moved, steps = dict(weights), dict(moments.steps)
        means, squares = dict(moments.means), dict(moments.squares)
        for name, gradient in gradients.items():
            weight, n = weights[name], steps.get(name, 0) + 1
            xp = array_module(weight, gradient)
            if self.weight_decay:
                gradient = gradient + weight * self.weight_decay
            mean = means[name] if name in means else xp.zeros_like(weight)
            square = squares[name] if name in squares else xp.zeros_like(weight)
            means[name] = mean + (gradient - mean) * (1 - beta1)
            squares[name] = square * self.beta2 + gradient * gradient * (1 - self.beta2)
            divisor = xp.sqrt(squares[name]) / (1 - self.beta2**n) ** 0.5 + self.eps
            moved[name] = weight - means[name] / divisor * (lr / (1 - beta1**n))
            steps[name] = n
        return moved, Moments(steps, means, squares)
