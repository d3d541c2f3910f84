"""What the long run needs: a film with sound, its transcript, and four models of random weights."""

import json
import random
from pathlib import Path

from extractors.common.layer_groups import RELEASED_SELECTION
from tools.bench.models import ENCODER, model_folder
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.media.transcripts.timed_words import Word
from tribe_np.media.transcripts.transcript import Transcript, write_transcript

WORDS_PER_MINUTE = 100  # slow speech: 10 minutes stay below the 1,026 words from which contexts share nothing
# a voice-like tone that glides and swells, over noise: never silent, never the same for long
SOUND = (
    "0.25*sin(2*PI*(180*t+20*sin(1.3*t)))*(0.6+0.4*sin(2.9*t))+0.1*sin(2*PI*(700*t+90*sin(0.37*t)))"
    "+0.03*(random(0)-0.5)"
)
VOCABULARY = [
    "the", "river", "a", "lantern", "old", "bridge", "under", "over", "slowly", "children", "market",
    "singing", "window", "rain", "winter", "letter", "quiet", "mountain", "teacher", "remembered", "carried",
    "opened", "bread", "garden", "morning", "stranger", "laughed", "because", "before", "nothing",
]  # fmt: skip


def make_stimulus(place: Path, seconds: int) -> None:
    """film-SECONDS.mp4, 320 x 180 at 24 frames a second, and film-SECONDS.json, as whisperX writes it."""
    film = place / f"film-{seconds}.mp4"
    if not film.exists():
        building = film.with_suffix(".part")
        arguments = [
            "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=24:duration={seconds}",
            "-f", "lavfi", "-i", f"aevalsrc={SOUND}:s=44100:d={seconds}",
            "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k", "-ac", "2",
            "-f", "mp4", "-y", str(building),
        ]  # fmt: skip
        run_ffmpeg(arguments, path_for_errors=film)
        building.rename(film)
    write_transcript(place / f"film-{seconds}.json", Transcript(tuple(spoken_words(seconds)), language="en"))


def spoken_words(seconds: int) -> list[Word]:
    """Random sentences of 5 to 12 words, a word every 0.6 s."""
    rng = random.Random(1)
    step = 60 / WORDS_PER_MINUTE
    n_words, words = int(seconds / step), []
    while len(words) < n_words:
        chosen = [rng.choice(VOCABULARY) for _ in range(min(rng.randint(5, 12), n_words - len(words)))]
        texts = [chosen[0].capitalize(), *chosen[1:]]
        texts[-1] += "."
        number = words[-1].sequence_id + 1 if words else 0
        for text in texts:
            start = round(len(words) * step, 3)
            stop = round(start + 0.8 * step, 3)
            words.append(Word(text=text, start=start, stop=stop, sequence_id=number, sentence=" ".join(texts)))
    return words


def make_models(work: Path, place: Path, *, tiny: bool) -> dict[str, Path]:
    """The folders "text", "audio", "video" and "encoder", written where they are missing."""
    from extractors.llama import random as llama
    from extractors.vjepa2 import random as vjepa2
    from extractors.wav2vec_bert import random as wav2vec_bert
    from tribe_np.encoder.random import write_random

    models = {kind: place / "models" / kind for kind in ("text", "video")}
    if not models["text"].exists():
        llama.write_random(models["text"], seed=1, n_layers=4)
    if not models["video"].exists():
        vjepa2.write_random(models["video"], seed=3)
    models["audio"] = place / "models" / "audio-tiny" if tiny else model_folder(work, "wav2vec_bert", 24)
    if not models["audio"].exists():
        wav2vec_bert.write_random(models["audio"], seed=2, n_layers=2)
    models["encoder"] = place / "models" / ("encoder-tiny" if tiny else "encoder")
    if not (models["encoder"] / "model.safetensors").exists():
        dims = {kind: feature_dims(models[kind]) for kind in ("text", "audio", "video")}
        sizes = {} if tiny else ENCODER
        write_random(models["encoder"], seed=4, feature_dims=dims, **sizes)
    return models


def feature_dims(folder: Path) -> tuple[int, int]:
    """(layer groups, width) of a model's features."""
    config = json.loads((folder / "config.json").read_text())
    return len(RELEASED_SELECTION.groups(config["num_hidden_layers"] + 1)), config["hidden_size"]
