"""The benchmark's cases on the other side: torch with tribev2's own model and transformers', as upstream calls them.

`bf16` loads the same model in bfloat16 (the brain encoder, which casts its input to float32, under autocast).
"""

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tools import bench_cases as cases
from tools.reference.torch_setup import skip_torchvision_operators

Call = Callable[[], np.ndarray]


def prepare(case: str, folder: Path, options: dict[str, Any]) -> Call:
    """The timed call of a case, warmed as on our side."""
    skip_torchvision_operators()
    import torch
    from transformers import logging

    logging.set_verbosity_error()
    torch.set_num_threads(options["threads"])
    torch.set_grad_enabled(False)
    made: dict[str, Callable[[Path, dict[str, Any]], Call]] = {
        "encoder-1": lambda f, o: _encoder(f, o, 1), "encoder-8": lambda f, o: _encoder(f, o, 8), "llama": _llama,
        "text": _text, "sound": _sound, "clip": _clip,
    }  # fmt: skip
    return made[case](folder, options)


def _dtype(options: dict[str, Any]) -> Any:
    import torch

    return torch.bfloat16 if options["bf16"] else torch.float32


def _host(x: Any) -> np.ndarray:
    return np.asarray(x.float().numpy())


def _encoder(folder: Path, options: dict[str, Any], batch: int) -> Call:
    import torch

    from tools.reference.encoder_cases import Case
    from tools.reference.encoder_peer import composed, upstream_model
    from tribe_np.formats.checkpoint import open_checkpoint
    from tribe_np.formats.safetensors import read_header

    opened = open_checkpoint(folder)
    config = dict(opened.brain_model_config)
    # what upstream's from_pretrained does to the configuration
    config["subject_layers"] = config["subject_layers"] | {"average_subjects": True, "n_subjects": 0}
    entries = read_header(folder / "model.safetensors")[0]
    weights = {name: np.array(entry.read()) for name, entry in entries.items()}
    case = Case("bench", config, dict(opened.build_args), {}, cases.brain_features(batch), None)
    if options["upstream"]:
        sys.path.insert(0, options["upstream"])
    model = (upstream_model if options["upstream"] else composed)(case)
    model.load_state_dict({name: torch.from_numpy(x) for name, x in weights.items()}, strict=True, assign=True)
    model.eval()
    data = SimpleNamespace(data={m: torch.from_numpy(x) for m, x in case.features.items()})

    def run() -> np.ndarray:
        precision: AbstractContextManager[Any] = (
            torch.autocast("cpu", torch.bfloat16) if options["bf16"] else nullcontext()
        )
        with precision:
            return _host(model(data))

    run()
    return run


def _llama_model(folder: Path, options: dict[str, Any]) -> Any:
    from transformers import LlamaModel

    return LlamaModel.from_pretrained(folder, dtype=_dtype(options), attn_implementation="sdpa").eval()


def _llama(folder: Path, options: dict[str, Any]) -> Call:
    import torch

    model = _llama_model(folder, options)

    def last_state(ids: np.ndarray) -> np.ndarray:
        return _host(model(torch.from_numpy(ids), output_hidden_states=True, use_cache=False).hidden_states[-1])

    last_state(cases.token_ids(8))
    return lambda: last_state(cases.token_ids())


def _text(folder: Path, options: dict[str, Any]) -> Call:
    """Upstream's procedure, one pass per word in batches of four; the call gives (seconds per word) at each context."""
    import torch

    from extractors.llama.tokenizer import LlamaTokenizer

    model, tokenizer = _llama_model(folder, options), LlamaTokenizer.from_pretrained(folder)
    n_words, lengths = cases.text_sizes(options)
    contexts = cases.contexts_of(cases.words(n_words))

    def one_batch(last_word: int) -> None:
        rows = [tokenizer.encode_context(contexts[last_word - 1])] * cases.BATCH_WORDS
        ids = torch.tensor(np.array(rows))
        made = model(ids, attention_mask=torch.ones_like(ids), output_hidden_states=True, use_cache=False)
        torch.stack(made.hidden_states)[:, :, -1:].mean(2).numpy() if not options["bf16"] else None

    def run() -> np.ndarray:
        seconds = []
        for length in lengths:
            start = time.perf_counter()
            one_batch(length)
            seconds.append((time.perf_counter() - start) / cases.BATCH_WORDS)
        return np.array(seconds)

    one_batch(1)
    return run


def _sound(folder: Path, options: dict[str, Any]) -> Call:
    import torch
    from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2BertModel

    model = Wav2Vec2BertModel.from_pretrained(folder, dtype=_dtype(options)).eval()
    extractor = SeamlessM4TFeatureExtractor.from_pretrained(folder)

    def features(seconds: float) -> np.ndarray:
        samples = cases.sound_samples()[: int(seconds * cases.RATE), 0]
        samples = (samples - samples.mean()) / (1e-8 + samples.std(ddof=1))
        made = extractor(samples, return_tensors="pt", sampling_rate=cases.RATE, do_normalize=True)
        states = model(made["input_features"].to(model.dtype), output_hidden_states=True).hidden_states
        n = int(seconds * 2)
        columns = torch.nn.functional.interpolate(torch.cat(states).transpose(1, 2).float(), n)
        return _grouped(columns)

    features(1.0)
    return lambda: features(cases.SOUND_SECONDS)


def _clip(folder: Path, options: dict[str, Any]) -> Call:
    from transformers import VJEPA2Model
    from transformers.models.vjepa2.video_processing_vjepa2 import VJEPA2VideoProcessor

    # the predictor's weights are not in the file: random, and used for nothing, as upstream does
    model = VJEPA2Model.from_pretrained(folder, dtype=_dtype(options)).eval()
    processor = VJEPA2VideoProcessor.from_pretrained(folder)

    def features(frames: np.ndarray) -> np.ndarray:
        pixels = processor(videos=[list(frames)], return_tensors="pt")["pixel_values_videos"]
        states = model(pixels.to(model.dtype), output_hidden_states=True).hidden_states
        import torch

        return _grouped(torch.cat([state.float().mean(1) for state in states])[:, :, None])

    features(cases.clip_frames()[:2])
    return lambda: features(cases.clip_frames())


def _grouped(columns: Any) -> np.ndarray:
    """Layer groups of (states, F, n), as upstream forms them."""
    n_states = len(columns)
    cuts = sorted({int(f * (n_states - 1)) for f in cases.FRACTIONS})
    cuts[-1] += 1
    return np.stack([_host(columns[a:b].mean(0)) for a, b in pairwise(cuts)])


def machine() -> dict[str, Any]:
    """Versions of the other side, and torch's fastest 4096 x 4096 float32 product, in GFLOP/s."""
    import torch

    a = torch.ones(4096, 4096)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    return {"python": sys.version.split()[0], "torch": torch.__version__, "gflops": 2 * 4096**3 / min(seconds) / 1e9}
