"""torchvision beside CPU torch: the package index serves a CUDA build, whose operators do not load there."""

from typing import Any


def skip_torchvision_operators() -> None:
    """Lets `import torchvision` pass: its Python code works, its compiled operators are left out."""
    import torch

    real = torch.library.register_fake
    if getattr(real, "skips_torchvision", False):
        return

    def register_fake(op: Any, *args: Any, **options: Any) -> Any:
        if isinstance(op, str) and op.startswith("torchvision::"):
            return lambda function: function
        return real(op, *args, **options)

    register_fake.skips_torchvision = True
    torch.library.register_fake = register_fake
