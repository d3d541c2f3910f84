"""What a folder is that holds no prediction: maps of some kind, a comparison, or where predictions lie.

Whoever gives one of these to a command on predictions learns which file or folder was meant.
"""

from collections.abc import Iterable
from pathlib import Path

from tribe_np.shown import some_of

CONTRAST_RECORD = "contrast.json"
COMPARISON_RECORD = "comparison.json"
MODALITIES_RECORD = "modalities.json"
EVALUATION_RECORD = "evaluation.json"
NETWORKS_RECORD = "networks.json"
SENSITIVITY_RECORD = "sensitivity.json"
PREDICTIONS = "predictions.npy"
DRAWN_FIRST = ("t", "effect", "r", "change", "lag")  # of the maps of a contrast, an evaluation, of modalities, lags
MOST_LOOKED_AT = 1000  # folders below; a person's home may have more


def what_it_holds(folder: Path) -> str | None:
    """What a folder without a prediction holds, and what to give instead; None where that is not known."""
    try:
        if not folder.exists():
            return "there is no such folder"
        if not folder.is_dir():
            return "it is a file"
        if (folder / CONTRAST_RECORD).is_file():
            return _of_maps(folder, "a contrast")
        if (folder / EVALUATION_RECORD).is_file():
            return _of_maps(folder, "an evaluation")
        if (folder / COMPARISON_RECORD).is_file():
            return "it holds a comparison, which is tables and a picture; give the predictions that were compared"
        if (folder / MODALITIES_RECORD).is_file():
            return _of_maps(folder, "what each modality contributes")
        if (folder / NETWORKS_RECORD).is_file():
            return _of_networks(folder)
        if (folder / SENSITIVITY_RECORD).is_file():
            return _of_maps(folder, "what regions listen to") if (folder / "npy").is_dir() else (
                "it holds what some regions listen to, which is tables and a picture"
            )  # fmt: skip
        below = sorted(path for path, _ in zip(folder.iterdir(), range(MOST_LOOKED_AT), strict=False) if path.is_dir())
        return _of_folders_below(below)
    except OSError:  # then the plain word that a file is missing will do
        return None


def _of_maps(folder: Path, what: str) -> str:
    maps = {path.stem: path for path in sorted((folder / "npy").glob("*.npy"))}
    first = next((maps[name] for name in (*DRAWN_FIRST, *maps) if name in maps), None)
    if first is not None:
        return f"it holds {what}, whose maps are files; tribe-np plot {first} draws one"
    formats = sorted(path.name for path in folder.iterdir() if path.is_dir())
    return f"it holds {what}, whose maps are files in {some_of(formats)}; --to npy writes them as plot takes them"


def _of_networks(folder: Path) -> str:
    maps = sorted((folder / "npy").glob("*.npy"))
    drawn = f"; tribe-np plot {maps[0]} draws one" if maps else ""
    return f"it holds networks, whose maps are files{drawn}"


def _of_folders_below(below: Iterable[Path]) -> str | None:
    contrasts = [str(path) for path in below if (path / CONTRAST_RECORD).is_file()]
    if contrasts:
        return f"it holds contrasts in {some_of(contrasts)}, whose maps are files that tribe-np plot draws"
    predicted = [str(path) for path in below if (path / PREDICTIONS).is_file()]
    return f"predictions lie in {some_of(predicted)}" if predicted else None
