"""A random checkpoint with a volume-mask head and 26 subjects, in upstream's layout, for the demo's extractors."""

from pathlib import Path

from tribe_np.encoder.random import write_random
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.pipeline.demo import DemoPaths

SUBJECTS = {f"sub-{number:02d}": number - 1 for number in range(1, 27)}
PROJECTION = {"name": "MaskProjector", "mask": "subcortical", "=replace=": True}  # as grids/run_subcortical.py has it


def write_mask_checkpoint(folder: Path, demo: DemoPaths, n_outputs: int) -> Path:
    """The checkpoint's folder."""
    released = open_checkpoint(demo.models / "encoder")
    dims = {modality: (int(pair[0]), int(pair[1])) for modality, pair in released.build_args["feature_dims"].items()}
    kept = {key: released.config["data"][key] for key in ("layers_to_use", "layer_aggregation")}
    write_random(
        folder, seed=1, feature_dims=dims, n_outputs=n_outputs,
        brain={"subject_layers": {"n_subjects": 26, "subject_dropout": 0.1}},
        data={"subject_id": {"predefined_mapping": SUBJECTS}, "neuro": {"projection": PROJECTION, "fwhm": 6.0}} | kept,
    )  # fmt: skip
    return folder
