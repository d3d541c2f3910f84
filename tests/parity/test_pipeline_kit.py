"""The kits of the pipeline through the real pieces: neuralset's extractors, segments and dataset, and the encoder."""

from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("case", ["plain", "chunks", "film_ends_early"])
def test_what_is_right_is_what_upstream_gives(case: str) -> None:
    from tests.oracle.written_kits import write_kit_models, write_media
    from tools.reference.predictions_cases import Models, working_folder
    from tools.reference.predictions_peer import run_composed
    from tribe_np.oracle import relative_error
    from tribe_np.oracle.kit_models.pipeline_kit import kit_events
    from tribe_np.oracle.kits.kit import make_kit
    from tribe_np.timeline.events import Events

    kit = make_kit("pipeline", case)
    with working_folder() as folder:
        models, paths = write_kit_models(kit, folder / "models"), write_media(kit, folder)
        rows = [replace(row, filepath=str(paths.get(row.filepath, ""))) for row in kit_events(kit.config)]
        table = Events(rows).to_dataframe()
        stages, _ = run_composed(Models(models.pop("encoder"), models), table, double=True)
    for name, theirs in stages.items():
        if name == "output":
            right = kit.expected["pipeline.predictions"]
        else:
            modality = name.removeprefix("features.")
            right = np.stack([kit.expected[f"pipeline.windows.{n}.features.{modality}"] for n in range(len(theirs))])
        # upstream prepares sound in float32 in every mode, and the kit's model makes a hundred times as much of it
        bound = 2e-3 if name == "features.audio" else 2e-4 if name == "output" else 2e-6
        assert relative_error(np.reshape(theirs, right.shape), right) < bound, name
