"""The real LLaMA and the real text extractor, run with everything we compare made visible.

transformers 5.23.0 LlamaModel with hooks on every projection; neuralset 0.0.2 HuggingFaceText on a local folder.
`patched` turns the float32 islands of a float64 run (RMS norm, rotary tables) into float64; sdpa has none.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from tools.reference.hooks import Stages, keep_inputs, keep_output, split_heads
from tools.reference.torch_setup import skip_torchvision_operators

Pair = tuple[str, str]


@contextmanager
def patched(enabled: bool) -> Iterator[None]:
    """RMS norm and rotary tables of LLaMA in float64 where `enabled`; the inverse frequencies stay float32's."""
    import torch
    from transformers.models.llama import modeling_llama as source

    def norm(self: Any, x: Any) -> Any:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))

    def tables(self: Any, x: Any, position_ids: Any) -> Any:
        angles = position_ids[..., None].double() * self.inv_freq.double()
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos() * self.attention_scaling, angles.sin() * self.attention_scaling

    with ExitStack() as stack:
        if enabled:
            stack.enter_context(patch.object(source.LlamaRMSNorm, "forward", norm))
            stack.enter_context(patch.object(source.LlamaRotaryEmbedding, "forward", tables))
        yield


def run_model(
    folder: Path, ids: np.ndarray, mask: np.ndarray | None, precision: str, *, as_shipped: bool = False
) -> dict[str, np.ndarray]:
    """Hidden states (hidden_states.{i}), the inverse frequencies and every tapped intermediate, by our names.

    `as_shipped` leaves the float32 islands of a float64 run in place.
    """
    skip_torchvision_operators()
    import torch
    from transformers import LlamaModel
    from transformers.models.llama import modeling_llama as source

    dtype = getattr(torch, precision)
    model = LlamaModel.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa").eval()
    seen: dict[str, np.ndarray] = {"inv_freq": _host(model.rotary_emb.inv_freq)}
    rotated: list[Any] = []
    real_rotary = source.apply_rotary_pos_emb

    def rotary(*args: Any, **options: Any) -> Any:
        rotated.append(real_rotary(*args, **options))
        return rotated[-1]

    for i, layer in enumerate(model.layers):
        _keep_layer(layer, seen, f"layers.{i}", model.config)
    keep_output(model.embed_tokens, seen, "embed_tokens.output")
    keep_output(model.norm, seen, "norm.output")
    seen["rotary_emb.inv_freq"] = seen["inv_freq"]
    model.rotary_emb.register_forward_hook(lambda _module, _inputs, output: seen.update(_tables(output)))
    options = {} if mask is None else {"attention_mask": torch.from_numpy(mask)}
    with (
        torch.no_grad(),
        patched(precision == "float64" and not as_shipped),
        patch.object(source, "apply_rotary_pos_emb", rotary),
    ):
        output = model(torch.from_numpy(ids), output_hidden_states=True, use_cache=False, **options)
    for i, (query, key) in enumerate(rotated):
        seen[f"layers.{i}.self_attn.query_rotated"] = _host(query)
        seen[f"layers.{i}.self_attn.key_rotated"] = _host(key)
    return seen | {f"hidden_states.{i}": _host(state) for i, state in enumerate(output.hidden_states)}


def _tables(output: Any) -> dict[str, np.ndarray]:
    """Rotary tables as ours: the same rows for every text of the batch."""
    return {f"rotary_emb.{name}": _host(table[0]) for name, table in zip(("cos", "sin"), output, strict=True)}


def _keep_layer(layer: Any, seen: Stages, at: str, config: Any) -> None:
    n_heads, n_kv_heads = config.num_attention_heads, config.num_key_value_heads
    for leaf, name, n in (("q_proj", "query", n_heads), ("k_proj", "key", n_kv_heads), ("v_proj", "value", n_kv_heads)):
        keep_output(getattr(layer.self_attn, leaf), seen, f"{at}.self_attn.{name}", split_heads(n))
    keep_inputs(layer.self_attn.o_proj, seen, f"{at}.self_attn.mixed")
    keep_inputs(layer.post_attention_layernorm, seen, f"{at}.self_attn.stream")
    for leaf in ("gate_proj", "up_proj"):
        keep_output(getattr(layer.mlp, leaf), seen, f"{at}.mlp.{leaf}.output")
    keep_inputs(layer.mlp.down_proj, seen, f"{at}.mlp.gated")
    for name in ("input_layernorm", "self_attn", "post_attention_layernorm", "mlp"):
        keep_output(getattr(layer, name), seen, f"{at}.{name}.output")
    keep_output(layer, seen, f"{at}.output")


def _host(tensor: Any) -> np.ndarray:
    return np.array(tensor.detach().numpy())


def run_words(
    folder: Path, pairs: Sequence[Pair], *, precision: str, cache_n_layers: int | None = None, batch_size: int = 4
) -> tuple[list[np.ndarray], list[int]]:
    """Features (G, F) of each word from HuggingFaceText, and how many tokens it took for each.

    `pairs` must be distinct. The released settings: layers 0.5, 0.75, 1.0 with group_mean, token mean. exca shuffles
    the words before they are batched; here it does not, so that batches (and what padding they hold) are known.
    """
    skip_torchvision_operators()
    import torch
    import transformers
    from neuralset.extractors import base
    from neuralset.extractors.text import HuggingFaceText

    n_target: list[int] = []
    real_load, real_tokens = transformers.AutoModel.from_pretrained, base.HuggingFaceMixin._aggregate_tokens

    def load(name: str, **options: Any) -> Any:
        return real_load(name, dtype=getattr(torch, precision), **options)  # 0.0.2 passes none: see text.md 1.3

    def tokens(self: Any, latents: Any) -> Any:
        n_target.append(latents.shape[1])
        return real_tokens(self, latents)

    with (
        patched(precision == "float64"),
        patch.object(transformers.AutoModel, "from_pretrained", load),
        patch.object(base.HuggingFaceMixin, "_aggregate_tokens", tokens),
        patch.object(base.HuggingFaceMixin, "repo_exists", lambda self: True),
        patch.object(np.random, "shuffle", lambda items: None),
    ):
        extractor = HuggingFaceText(
            model_name=str(folder), device="cpu", layers=[0.5, 0.75, 1.0], layer_aggregation="group_mean",
            cache_n_layers=cache_n_layers, batch_size=batch_size,
        )  # fmt: skip
        found = [np.array(array) for array in extractor._get_data(_words(pairs))]
        if cache_n_layers is not None:
            found = [np.array(extractor._aggregate_layers(array)) for array in found]
    return found, n_target


def _words(pairs: Sequence[Pair]) -> list[Any]:
    from neuralset.events import etypes

    return [
        etypes.Word(start=float(i), duration=0.3, timeline="t", text=text, context=context)
        for i, (text, context) in enumerate(pairs)
    ]


def run_tokenizer(folder: Path, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, no special tokens."""
    skip_torchvision_operators()
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, truncation_side="left")
    return [tokenizer.encode(text, add_special_tokens=False) for text in texts]


def run_layers(
    n_states: int, fractions: Sequence[float], aggregation: str | None, cache_n_layers: int | None
) -> list[list[float]]:
    """Weight of each hidden state in each layer group (G, n_states), from the real selection on unit vectors."""
    skip_torchvision_operators()
    from neuralset.extractors import base
    from neuralset.extractors.text import HuggingFaceText

    with patch.object(base.HuggingFaceMixin, "repo_exists", lambda self: True):
        extractor = HuggingFaceText(
            model_name="none", layers=list(fractions), layer_aggregation=aggregation, cache_n_layers=cache_n_layers
        )
    unit = np.eye(n_states)[:, None]  # (n_states, one token, width)
    found = np.asarray(extractor._aggregate_layers(extractor._layer_subselection(unit)[:, 0]))
    return [[float(value) for value in row] for row in np.atleast_2d(found)]
