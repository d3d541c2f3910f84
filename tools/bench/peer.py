"""The benchmark's cases on the other side: torch with tribev2's own model and transformers', as upstream calls them.

In bfloat16 the whole model is loaded so (the brain encoder, which casts its input to float32, runs under autocast).
In float64, which is not timed, what the packages keep in float32 there is widened too.
"""

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tools.bench import cases
from tools.bench.peer_load import layers_in_turn, peer_model
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
        "gradient": _gradient, "text": _text, "sound": _sound, "clip": _clip,
    }  # fmt: skip
    return made[case](folder, options)


def _host(x: Any) -> np.ndarray:
    return np.asarray(_wide(x).numpy())


def _encoder_case(folder: Path, options: dict[str, Any], batch: int) -> tuple[Any, Any, dict[str, np.ndarray]]:
    """The case without its weights, who builds the peer, and the weights."""
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
    return case, upstream_model if options["upstream"] else composed, weights


def _encoder_model(case: Any, build: Any, weights: dict[str, np.ndarray]) -> Any:
    import torch

    model = build(case)
    model.load_state_dict({name: torch.from_numpy(x) for name, x in weights.items()}, strict=True, assign=True)
    return model.eval()


def _precision(options: dict[str, Any]) -> AbstractContextManager[Any]:
    import torch

    return torch.autocast("cpu", torch.bfloat16) if options["dtype"] == "bfloat16" else nullcontext()


def _encoder(folder: Path, options: dict[str, Any], batch: int) -> Call:
    import torch

    from tools.reference.encoder_peer import run_peer

    case, build, weights = _encoder_case(folder, options, batch)
    if options["dtype"] == "float64":
        return lambda: run_peer(replace(case, state_dict=weights), build, double=True)["output"]
    model = _encoder_model(case, build, weights)
    data = SimpleNamespace(data={m: torch.from_numpy(x) for m, x in case.features.items()})

    def run() -> np.ndarray:
        with _precision(options):
            return _host(model(data))

    run()
    return run


def _gradient(folder: Path, options: dict[str, Any]) -> Call:
    """Of the features and of every weight."""
    import torch

    from tools.reference.encoder_peer import run_peer_gradients

    torch.set_grad_enabled(True)
    case, build, weights = _encoder_case(folder, options, cases.GRADIENT_WINDOWS)
    args = case.build_args
    shape = (cases.GRADIENT_WINDOWS, args["n_outputs"], args["n_output_timesteps"])
    direction = cases.gradient_of_output(shape)
    if options["dtype"] == "float64":
        return lambda: run_peer_gradients(replace(case, state_dict=weights), build, direction)["feature/text"]
    model = _encoder_model(case, build, weights).requires_grad_()

    def run(batch: int) -> np.ndarray:
        model.zero_grad()
        given = {m: torch.from_numpy(x[:batch]).requires_grad_() for m, x in case.features.items()}
        with _precision(options):
            output = model(SimpleNamespace(data=given))
        output.backward(torch.from_numpy(direction[:batch]).to(output.dtype))
        return _host(given["text"].grad)

    run(1)
    return lambda: run(cases.GRADIENT_WINDOWS)


def _llama_model(folder: Path, options: dict[str, Any]) -> Callable[[np.ndarray], Any]:
    """Token ids (B, S) to all hidden states; in float64 a layer is widened only while it runs."""
    import torch
    from transformers import LlamaModel

    from tools.reference.llama_peer import patched

    is_wide = options["dtype"] == "float64"
    model = peer_model(LlamaModel, folder, "bfloat16" if is_wide else options["dtype"])
    if is_wide:
        model.embed_tokens.register_forward_hook(lambda module, inputs, rows: rows.double())

    def states(ids: np.ndarray) -> Any:
        given = torch.from_numpy(ids)
        with patched(is_wide), layers_in_turn(model.layers if is_wide else [], torch.bfloat16, torch.float64):
            made = model(given, attention_mask=torch.ones_like(given), output_hidden_states=True, use_cache=False)
        return made.hidden_states

    return states


def _llama(folder: Path, options: dict[str, Any]) -> Call:
    states = _llama_model(folder, options)
    states(cases.token_ids(8))
    return lambda: _host(states(cases.token_ids())[-1])


@dataclass
class WordPasses:
    """Upstream's procedure at some contexts: one pass per word, in batches of four; `detail` is seconds per word.

    Beyond `MOST_BATCHED` words a context runs alone: a batch of four takes four times as long there, and the figure
    per word is the same. The call gives the words' features.
    """

    states: Callable[[np.ndarray], Any]
    rows: list[tuple[np.ndarray, tuple[int, int]]]  # token ids of a context, and which of them are the word's
    batches: list[int]
    detail: list[float] = field(default_factory=list)

    def __call__(self) -> np.ndarray:
        import torch

        self.detail.clear()
        features = []
        for (ids, (first, stop)), batch in zip(self.rows, self.batches, strict=True):
            start = time.perf_counter()
            stacked = torch.stack(self.states(np.repeat(ids[None], batch, 0)))  # as upstream does, on the host
            word = stacked[:, 0, first:stop].mean(1)
            self.detail.append((time.perf_counter() - start) / batch)
            features.append(_grouped(word[:, :, None])[..., 0])
        return np.stack(features)


def _text(folder: Path, options: dict[str, Any]) -> Call:
    from extractors.llama.tokenizer import LlamaTokenizer

    states, tokenizer = _llama_model(folder, options), LlamaTokenizer.from_pretrained(folder)
    n_words, lengths = cases.text_sizes(quick=options["quick"])
    transcript = cases.words(n_words)
    contexts = cases.contexts_of(transcript)
    rows = []
    for length in lengths:
        text, context = transcript[length - 1], contexts[length - 1]
        ids = np.array(tokenizer.encode_context(context))
        rows.append((ids, tokenizer.word_span(text, context, len(ids))))
    states(rows[0][0][None, :4])
    most = 0 if options["dtype"] == "float64" else cases.MOST_BATCHED  # untimed: alone is enough
    return WordPasses(states, rows, [cases.BATCH_WORDS if n <= most else 1 for n in lengths])


def _sound(folder: Path, options: dict[str, Any]) -> Call:
    import torch
    from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2BertModel

    model = peer_model(Wav2Vec2BertModel, folder, options["dtype"])
    extractor = SeamlessM4TFeatureExtractor.from_pretrained(folder)

    def features(seconds: float) -> np.ndarray:
        samples = cases.sound_samples()[: int(seconds * cases.RATE), 0]
        samples = (samples - samples.mean()) / (1e-8 + samples.std(ddof=1))
        made = extractor(samples, return_tensors="pt", sampling_rate=cases.RATE, do_normalize=True)
        states = model(made["input_features"].to(model.dtype), output_hidden_states=True).hidden_states
        n = int(seconds * 2)
        columns = torch.nn.functional.interpolate(_wide(torch.cat(states)).transpose(1, 2), n)
        return _grouped(columns)

    features(1.0)
    return lambda: features(cases.SOUND_SECONDS)


def _clip(folder: Path, options: dict[str, Any]) -> Call:
    import torch
    from transformers import VJEPA2Model
    from transformers.models.vjepa2.video_processing_vjepa2 import VJEPA2VideoProcessor

    model = peer_model(VJEPA2Model, folder, options["dtype"])
    n_layers = model.config.num_hidden_layers
    # upstream runs the predictor, and uses it for nothing; with few layers it would be most of the time
    skips = n_layers < cases.DEPTHS["vjepa2"] or options["dtype"] == "float64"
    processor = VJEPA2VideoProcessor.from_pretrained(folder)

    def features(frames: np.ndarray) -> np.ndarray:
        pixels = processor(videos=[list(frames)], return_tensors="pt")["pixel_values_videos"]
        made = model(pixels.to(model.dtype), output_hidden_states=True, skip_predictor=skips)
        means = _grouped(torch.cat([_wide(state).mean(1) for state in made.hidden_states])[:, :, None])[..., 0]
        return np.concatenate([means, _host(made.hidden_states[-1][0, :: cases.SHOWN_TOKENS])])

    features(cases.clip_frames()[:2])
    return lambda: features(cases.clip_frames())


def _wide(x: Any) -> Any:
    """At least float32, as upstream casts."""
    return x.float() if str(x.dtype) == "torch.bfloat16" else x


def _grouped(columns: Any) -> np.ndarray:
    """Layer groups of (states, F, n), as upstream forms them."""
    n_states = len(columns)
    cuts = sorted({int(f * (n_states - 1)) for f in cases.FRACTIONS})
    cuts[-1] += 1
    return np.stack([_host(columns[a:b].mean(0)) for a, b in pairwise(cuts)])


def machine(options: dict[str, Any]) -> dict[str, Any]:
    """Versions of the other side, and torch's fastest 4096 x 4096 float32 product, in GFLOP/s."""
    import torch
    import transformers

    a, seconds = torch.ones(4096, 4096), []
    for _ in range(5):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    about = {"torch": torch.__version__, "transformers": transformers.__version__}
    return {"about": about, "gflops": 2 * 4096**3 / min(seconds) / 1e9, "products": {}}
