"""The benchmark's cases on our side: each loads a model and gives back the call that is timed."""

import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tools.bench import cases

Call = Callable[[], np.ndarray]
LARGE = 4096  # rows and columns of the product that stands for the machine's peak


def prepare(case: str, folder: Path, options: dict[str, Any]) -> Call:
    """The timed call of a case; it has been warmed on something small where the whole takes long."""
    made: dict[str, Callable[[Path, dict[str, Any]], Call]] = {
        "encoder-1": lambda f, o: _encoder(f, 1, o), "encoder-8": lambda f, o: _encoder(f, 8, o), "llama": _llama,
        "gradient": _gradient, "text": _text, "sound": _sound, "clip": _clip,
    }  # fmt: skip
    return made[case](folder, options)


def _kernels() -> Any:
    from tribe_np.kernels.choose import kernel_set

    return kernel_set("auto")


def _selection() -> Any:
    from extractors.common.layer_groups import LayerSelection

    return LayerSelection(cases.FRACTIONS)


def _encoder(folder: Path, batch: int, options: dict[str, Any]) -> Call:
    from tribe_np.encoder.model import FmriEncoder

    columns = options.get("columns")  # see selection.py
    encoder, features = (
        FmriEncoder.from_pretrained(folder, kernels=_kernels(), selection=columns), cases.brain_features(batch),
    )  # fmt: skip
    encoder(features)
    return lambda: np.asarray(encoder(features))


def _gradient(folder: Path, options: dict[str, Any]) -> Call:
    from tribe_np.encoder.model import FmriEncoder

    encoder = FmriEncoder.from_pretrained(folder, kernels=_kernels(), exact_order=True)  # as training does

    def gradient(batch: int) -> np.ndarray:
        output, pull = encoder.pullback(cases.brain_features(batch))
        return np.asarray(pull(cases.gradient_of_output(output.shape)).features["text"])

    gradient(1)
    return lambda: gradient(cases.GRADIENT_WINDOWS)


def _llama_model(folder: Path) -> Any:
    from extractors.llama.model import LlamaModel

    return LlamaModel.from_pretrained(folder, kernels=_kernels(), streaming=True)


def _llama(folder: Path, options: dict[str, Any]) -> Call:
    model = _llama_model(folder)

    def last_state(ids: np.ndarray) -> np.ndarray:
        (last,) = deque((state for _, state in model.iterate_states(ids, model.context())), maxlen=1)
        return np.asarray(last)

    last_state(cases.token_ids(8))
    return lambda: last_state(cases.token_ids())


def _text(folder: Path, options: dict[str, Any]) -> Call:
    from extractors.llama.extract import word_features
    from extractors.llama.tokenizer import LlamaTokenizer
    from tribe_np.timeline.events import Event

    model, tokenizer = _llama_model(folder), LlamaTokenizer.from_pretrained(folder)
    n_words, contexts = cases.text_sizes(quick=options["quick"])
    transcript = cases.words(n_words)
    events = [
        Event("Word", i * 0.4, 0.3, text=word, context=context)
        for i, (word, context) in enumerate(zip(transcript, cases.contexts_of(transcript), strict=True))
    ]

    def features(some: list[Any]) -> np.ndarray:
        return np.stack(word_features(model, tokenizer, some, selection=_selection()))

    features(events[:2])
    return lambda: features(events)[[n - 1 for n in contexts]]  # the words that the peer runs


def _sound(folder: Path, options: dict[str, Any]) -> Call:
    from extractors.wav2vec_bert.extract import audio_features
    from extractors.wav2vec_bert.model import Wav2VecBertModel

    model = Wav2VecBertModel.from_pretrained(folder, kernels=_kernels(), streaming=True)

    def features(seconds: float) -> np.ndarray:
        samples = cases.sound_samples()[: int(seconds * cases.RATE)]
        return audio_features(model, samples, cases.RATE, seconds, selection=_selection())

    features(1.0)
    return lambda: features(cases.SOUND_SECONDS)


def _clip(folder: Path, options: dict[str, Any]) -> Call:
    from extractors.vjepa2.extract import video_features
    from extractors.vjepa2.model import VJepa2Model
    from tribe_np.oracle import trace

    model = VJepa2Model.from_pretrained(folder, kernels=_kernels(), streaming=True)

    def features(frames: np.ndarray) -> np.ndarray:
        last: list[np.ndarray] = []

        def keep(name: str, state: np.ndarray) -> None:
            last.append(state[0, :: cases.SHOWN_TOKENS].copy())

        with trace(keep, pattern=f"vjepa2.encoder.layer.{model.config.n_layers - 1}.output"):
            means = video_features(model, [frames], selection=_selection(), final_norm=False)
        return np.concatenate([means[..., 0], *last])

    features(cases.clip_frames()[:2])
    return lambda: features(cases.clip_frames())


def machine(options: dict[str, Any]) -> dict[str, Any]:
    """Versions of our side, its fastest product of two large float32 matrices, in GFLOP/s, and of other shapes.

    "products" are seconds by "M x K x N", the fastest of three.
    """
    from tribe_np.machine.threads import loaded_libraries

    shapes = {" x ".join(map(str, shape)): _product_seconds(*shape) for shape in options["shapes"]}
    gflops = 2 * LARGE**3 / _product_seconds(LARGE, LARGE, LARGE, n_times=5) / 1e9
    blas = {
        f"{x['internal_api']} {x['version']} {x['architecture']}"
        for x in loaded_libraries() or []
        if "architecture" in x
    }
    about = {"python": sys.version.split()[0], "numpy": np.__version__, "blas": ", ".join(sorted(blas)) or "unknown"}
    return {"about": about | {"kernels": _kernels().name}, "gflops": gflops, "products": shapes}


def _product_seconds(m: int, k: int, n: int, n_times: int = 3) -> float:
    a, b, out = np.ones((m, k), np.float32), np.ones((k, n), np.float32), np.empty((m, n), np.float32)
    seconds = []
    for _ in range(n_times):
        start = time.perf_counter()
        np.matmul(a, b, out=out)
        seconds.append(time.perf_counter() - start)
    return min(seconds)
