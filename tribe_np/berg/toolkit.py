"""BERG's own object: a script that says `from berg import BERG` runs with `from tribe_np.berg import BERG`.

It needs neither the package `berg` nor PyTorch. Importing it opens no model; nor does asking for metadata.
Source   BERG berg.core.berg.BERG, as its model card of TRIBE v2 describes the calls
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tribe_np.berg.metadata import Source, model_metadata
from tribe_np.berg.model_card import MODEL_IDS, checked_id, described, model_card

if TYPE_CHECKING:
    import numpy as np

    from tribe_np.berg.encoding import EncodingModel


class BERG:
    """The calls of BERG for the one model that this project has.

    berg_dir   BERG's folder; optional, since weights and annotation lie where `tribe-np predict` finds them
    """

    def __init__(self, berg_dir: str | Path | None = None) -> None:
        self.berg_dir = berg_dir

    def list_models(self) -> list[str]:
        """The names of the model."""
        return list(MODEL_IDS)

    def get_model_catalog(self, print_format: bool = False) -> dict[str, list[str]]:
        """Modality -> training data; printed as well where asked for."""
        card = model_card()
        catalog = {str(card["modality"]): [str(card["training_dataset"])]}
        if print_format:
            print("\n".join(f"{modality}: {', '.join(datasets)}" for modality, datasets in catalog.items()))
        return catalog

    def get_encoding_model(
        self, model_id: str, device: str = "auto", selection: Mapping[str, Any] | None = None, **options: Any
    ) -> "EncodingModel":
        """A loaded model that computes the selected vertices; for `options` see `EncodingModel`.

        Raises   ConfigError for an unknown model or selection; CheckpointError, MissingDependencyError
        """
        checked_id(model_id)
        from tribe_np.berg.encoding import EncodingModel  # here: metadata needs no model code

        model = EncodingModel(device=device, selection=selection, berg_dir=self.berg_dir, **options)
        model.load_model()
        return model

    def encode(
        self, model: "EncodingModel", stimulus: str | Path, return_metadata: bool = False, **options: Any
    ) -> "np.ndarray | tuple[np.ndarray, dict[str, Any]]":
        """Responses (n_timesteps, n_selected) to one file, or (responses, metadata).

        `options` are show_progress (true by default) and where the words come from: see `generate_response`.
        Raises   TribeError of every kind; ParcellationError before anything is computed, if metadata cannot be had
        """
        if return_metadata:
            model_metadata(model.parcellation)
        responses = model.generate_response(stimulus, **options)
        return (responses, type(model).get_metadata(model_instance=model)) if return_metadata else responses

    def get_model_metadata(self, model_id: str, *, parcellation: Source = None, **others: Any) -> dict[str, Any]:
        """`model_metadata`, without loading the model; `others` that BERG's models take (subject) are left aside.

        Raises   ConfigError for an unknown model; ParcellationError where there is no HCP-MMP1 annotation
        """
        checked_id(model_id)
        return model_metadata(parcellation)

    def describe(self, model_id: str) -> dict[str, Any]:
        """The model card, whose description is printed.

        Raises   ConfigError for an unknown model
        """
        return described(model_id)
