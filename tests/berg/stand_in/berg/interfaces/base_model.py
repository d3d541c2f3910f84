"""Stand-in for berg.interfaces.base_model: what a model must have."""

from abc import ABC, abstractmethod


class BaseModelInterface(ABC):
    """Everything that BERG's class leaves to a model."""

    @abstractmethod
    def load_model(self, device):
        """Weights."""

    @classmethod
    @abstractmethod
    def get_model_id(cls):
        """Name."""

    @classmethod
    @abstractmethod
    def get_metadata(cls, berg_dir=None, subject=None, model_instance=None, **kwargs):
        """Metadata."""

    @abstractmethod
    def generate_response(self, stimulus):
        """Responses."""

    @abstractmethod
    def cleanup(self):
        """Lets go."""

    def describe(self):
        return {"model_id": self.get_model_id(), "parameters_by_function": {}}

    def __enter__(self):
        return self

    def __exit__(self):  # as BERG has it: without the arguments that Python passes
        self.cleanup()
