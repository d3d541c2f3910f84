"""All known mistakes by id, and those that a run can have."""

from collections.abc import Mapping

from tribe_np.oracle.diagnose.mistake import Mistake
from tribe_np.oracle.diagnose.mistakes.activation_mistakes import ACTIVATION_MISTAKES
from tribe_np.oracle.diagnose.mistakes.attention_mistakes import ATTENTION_MISTAKES
from tribe_np.oracle.diagnose.mistakes.encoder_mistakes import ENCODER_MISTAKES
from tribe_np.oracle.diagnose.mistakes.media_mistakes import MEDIA_MISTAKES
from tribe_np.oracle.diagnose.mistakes.norm_mistakes import NORM_MISTAKES
from tribe_np.oracle.diagnose.mistakes.picture_mistakes import PICTURE_MISTAKES
from tribe_np.oracle.diagnose.mistakes.pipeline_mistakes import PIPELINE_MISTAKES
from tribe_np.oracle.diagnose.mistakes.position_mistakes import POSITION_MISTAKES
from tribe_np.oracle.diagnose.mistakes.rotary_mistakes import ROTARY_MISTAKES
from tribe_np.oracle.diagnose.mistakes.speech_mistakes import SPEECH_MISTAKES
from tribe_np.oracle.diagnose.mistakes.stream_mistakes import STREAM_MISTAKES
from tribe_np.oracle.diagnose.mistakes.weight_mistakes import WEIGHT_MISTAKES
from tribe_np.oracle.setup import Setup

FAMILIES: tuple[tuple[Mistake, ...], ...] = (
    ACTIVATION_MISTAKES,
    ATTENTION_MISTAKES,
    ENCODER_MISTAKES,
    MEDIA_MISTAKES,
    NORM_MISTAKES,
    PICTURE_MISTAKES,
    PIPELINE_MISTAKES,
    POSITION_MISTAKES,
    ROTARY_MISTAKES,
    SPEECH_MISTAKES,
    STREAM_MISTAKES,
    WEIGHT_MISTAKES,
)
MISTAKES: Mapping[str, Mistake] = {mistake.id: mistake for family in FAMILIES for mistake in family}


def applicable(setup: Setup) -> list[Mistake]:
    """The mistakes that can be made in a run of this model and configuration."""
    return [mistake for mistake in MISTAKES.values() if mistake.apply(setup) is not None]
