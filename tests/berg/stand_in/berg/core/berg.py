"""Stand-in for berg.core.berg: the calls that a script makes, and what they do with errors."""

from berg.core.exceptions import InvalidParameterError, ModelNotFoundError
from berg.core.model_registry import MODEL_REGISTRY, get_model_class


class BERG:
    """The toolkit."""

    def __init__(self, berg_dir):
        self.berg_dir = berg_dir

    def get_encoding_model(self, model_id, device="auto", selection=None, **kwargs):
        """A loaded model."""
        try:
            model = get_model_class(model_id)(berg_dir=self.berg_dir, device=device, selection=selection, **kwargs)
            model.load_model()
        except ValueError as error:
            raise ModelNotFoundError(str(error)) from error
        return model

    def encode(self, model, stimulus, return_metadata=False, **kwargs):
        """Responses, with metadata where asked for."""
        responses = model.generate_response(stimulus, **kwargs)
        if not return_metadata:
            return responses
        return responses, model.__class__.get_metadata(model_instance=model)

    def get_model_metadata(self, model_id, **kwargs):
        """Metadata, without a model."""
        if model_id not in MODEL_REGISTRY:
            raise ModelNotFoundError(model_id)
        try:
            return get_model_class(model_id).get_metadata(berg_dir=self.berg_dir, **kwargs)
        except Exception as error:
            raise InvalidParameterError(str(error)) from error
