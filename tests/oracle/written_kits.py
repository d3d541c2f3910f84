"""Kits of the pipeline as a person's files: model folders, a sound, a film."""

import json
from pathlib import Path

import soundfile
import yaml

from extractors.llama.random_tokenizer import byte_symbols, tokenizer_settings
from tribe_np.formats.safetensors import write_safetensors
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.oracle.kit_models.pipeline_kit import kit_events, models_of_parts, part_config, part_setup
from tribe_np.oracle.kit_models.pipeline_memory import BOS_ID, EOS_ID
from tribe_np.oracle.kits.kit import Kit

FOLDERS = {"video": "vjepa2"}
"""Upstream knows the kind of a film's model by the name of its folder."""


def byte_tokenizer_json() -> dict[str, object]:
    """tokenizer.json of the kits' tokens: LLaMA 3's pipeline with no merges, ids in the order of bytes."""
    settings = tokenizer_settings()
    settings["model"] |= {"vocab": {symbol: value for value, symbol in enumerate(byte_symbols())}, "merges": []}
    begin, end, *_ = settings["added_tokens"]
    settings["added_tokens"] = [begin | {"id": BOS_ID}, end | {"id": EOS_ID}]
    settings["post_processor"] = settings["post_processor"]["processors"][0]
    return settings


def write_kit_models(kit: Kit, folder: Path) -> dict[str, Path]:
    """A folder of each of the kit's models, by modality; the encoder's with config.yaml and build arguments."""
    found = {}
    for part, name in models_of_parts(kit.config).items():
        found[part] = path = folder / FOLDERS.get(part, part)
        path.mkdir(parents=True)
        setup = part_setup(kit.setup, part, name)
        write_safetensors(path / "model.safetensors", dict(setup.weights), metadata={"format": "pt"})
        (path / "config.json").write_text(json.dumps(part_config(kit.config, part)))
    brain = part_config(kit.config, "encoder")
    config = {"data": kit.config["data"], "brain_model_config": brain["brain_model_config"]}
    (found["encoder"] / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (found["encoder"] / "build_args.json").write_text(json.dumps(brain["model_build_args"]))
    (found["audio"] / "preprocessor_config.json").write_text(json.dumps(kit.config["audio_processor"]))
    film = {"video_processor_type": "VJEPA2VideoProcessor", **kit.config["video_processor"]}
    (found["video"] / "video_preprocessor_config.json").write_text(json.dumps(film))
    (found["text"] / "tokenizer.json").write_text(json.dumps(byte_tokenizer_json()))
    end = {"eos_token": "<|end_of_text|>", "tokenizer_class": "PreTrainedTokenizerFast"}
    (found["text"] / "tokenizer_config.json").write_text(json.dumps(end))
    return found


def write_media(kit: Kit, folder: Path) -> dict[str, Path]:
    """The kit's inputs as files from which decoding gives the same numbers.

    A film that lasts longer than its frames has silence that does: its header then says so.
    """
    sound, film, raw = folder / "sound.wav", folder / "film.mkv", folder / "frames.rgb"
    rows = {row.filepath: row for row in kit_events(kit.config) if row.filepath}
    soundfile.write(sound, kit.inputs["sound"], int(rows["sound"].frequency), subtype="FLOAT")
    frames = kit.inputs["film"]
    raw.write_bytes(frames.tobytes())
    size, rate = f"{frames.shape[2]}x{frames.shape[1]}", str(rows["film"].frequency)
    seconds = max(row.offset + row.duration for row in kit_events(kit.config) if row.filepath == "film")
    silence = ["-f", "lavfi", "-i", f"anullsrc=r=8000:cl=mono:d={seconds}", "-c:a", "pcm_s16le"]
    is_short = len(frames) / rows["film"].frequency < seconds - 0.1
    run_ffmpeg(
        ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", rate, "-i", f"file:{raw}",
         *(silence if is_short else []), "-c:v", "ffv1", "-pix_fmt", "gbrp", "-y", f"file:{film}"],
        path_for_errors=film,
    )  # fmt: skip
    return {"sound": sound, "film": film}
