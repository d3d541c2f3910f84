"""Names of upstream's TribeModel: those that mean the same here, and a sentence for those that do not exist."""

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pathlib import Path

    from tribe_np.pipeline.options import PipelineConfig
    from tribe_np.pipeline.store.workspace import Workspace

TRAINING = (
    "tribe_np trains no model from nothing: tribe-np fit adds a person to a checkpoint; tribev2 trains, "
    "and tribe_np loads its checkpoints"
)
INFRASTRUCTURE = "tribe_np runs in this process and keeps features in cache_folder; there is no exca infrastructure"
ABSENT = {
    **dict.fromkeys(("run", "setup_run", "fit", "test", "train", "trainer_config", "n_epochs"), TRAINING),
    **dict.fromkeys(("loss", "optim", "metrics", "monitor"), TRAINING),
    **dict.fromkeys(("infra", "cluster", "accelerator", "wandb_config"), INFRASTRUCTURE),
    "_model": "the brain encoder is model.encoder; call it with features (B, G, F, T)",
    "brain_model_config": "the encoder's configuration is model.encoder.config",
    "checkpoint_path": "the checkpoint's folder is model.checkpoint",
}


class UpstreamNames:
    """Inherited by TribeModel."""

    if TYPE_CHECKING:
        space: Workspace
        options: PipelineConfig

    @property
    def cache_folder(self) -> "Path | None":
        """Where features are kept; None without a cache."""
        return self.space.cache.folder

    @property
    def remove_empty_segments(self) -> bool:
        """Whether rows without any event are left out."""
        return self.options.remove_empty_segments

    def __getattr__(self, name: str) -> NoReturn:
        reason = ABSENT.get(name)
        raise AttributeError(f"TribeModel has no {name!r}" + (f": {reason}" if reason else ""))
