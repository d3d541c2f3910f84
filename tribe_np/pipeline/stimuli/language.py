"""Which language a stimulus is in: asked for, stated, detected, or assumed; run.json says which."""

from tribe_np.errors import EventsError, MissingDependencyError
from tribe_np.media.transcripts.transcript import Transcript
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.timeline.language_detection import SURE, Detected, detect_by_script, detect_language
from tribe_np.timeline.languages import DETECT, known_language, language_name

ENOUGH = 80  # characters of a transcript from which on langdetect is asked; a script tells at once


def language_to_speak(text: str, config: PipelineConfig, record: RunRecord) -> str:
    """The language to speak a text in; where nobody can tell it is English, with a warning.

    Raises   MissingDependencyError, EventsError when it has to be detected and cannot be
    """
    if _is_named(config):
        record.facts["language_from"] = "option"
        return str(config.language)
    try:
        found = detect_language(text)
    except (MissingDependencyError, EventsError) as error:
        if config.language == DETECT:
            raise
        record.warn(f"the text is taken to be English: {error}")
        record.facts["language_from"] = "assumed"
        return "english"
    _note_detected(found, "text", record)
    return found.language.code


def language_to_show(text: str, config: PipelineConfig, record: RunRecord) -> str:
    """`language_to_speak` of words that nobody says: of a few, as a trial shows them, only their script tells.

    langdetect takes "house" for Norwegian; a wrong guess would be worse than none.
    """
    if _is_named(config) or config.language == DETECT or len(text) >= ENOUGH:
        return language_to_speak(text, config, record)
    found = detect_by_script(text)
    record.facts["language_from"] = "assumed" if found is None else "detected"
    if found is None:
        record.warn("words of short texts are taken to be English; if that is wrong, give --language NAME")
    return "english" if found is None else found.language.code


def language_to_hear(config: PipelineConfig, record: RunRecord) -> str | None:
    """The language for the recogniser; None lets it find out."""
    if config.compat.english_only:
        return "english"
    if config.language == DETECT:
        record.facts["language_from"] = "detected"
        return None
    return config.language


def language_of_words(transcript: Transcript, config: PipelineConfig, record: RunRecord) -> str:
    """The name of the language of a transcript's words, which decides the rules for its sentences.

    Raises   MissingDependencyError, EventsError when it has to be detected and cannot be
    """
    name = _language_of_words(transcript, config, record)
    record.facts["language"] = name
    return name


def _language_of_words(transcript: Transcript, config: PipelineConfig, record: RunRecord) -> str:
    facts = record.facts
    if config.compat.english_only:
        return "english"
    if _is_named(config):
        facts["language_from"] = "option"
        return language_name(str(config.language))
    if transcript.language and (config.language is None or facts.get("language_from") == "detected"):
        facts.setdefault("language_from", "transcript")
        return _stated(transcript.language, record)
    text = " ".join(word.text for word in transcript.words)
    if config.language == DETECT:
        found = detect_language(text)
        _note_detected(found, "transcript", record)
        return found.language.name
    facts["language_from"] = "assumed"
    _doubt_english(text, record)
    return "english"


def _doubt_english(text: str, record: RunRecord) -> None:
    """A warning where a transcript that does not say its language is surely not English; upstream takes all for it.

    The numbers stay the same: they must not depend on whether langdetect is installed.
    """
    try:
        found = detect_language(text) if len(text) >= ENOUGH else detect_by_script(text)
    except (MissingDependencyError, EventsError):
        return
    if found is not None and found.language.code != "en" and found.probability >= SURE:
        name = found.language.name
        record.warn(
            f"the transcript does not name its language and looks like {name.title()}; its sentences are split as if "
            f"English: if that is wrong, give --language {found.language.code}"
        )


def _is_named(config: PipelineConfig) -> bool:
    return config.language not in (None, DETECT)


def _stated(language: str, record: RunRecord) -> str:
    found = known_language(language)
    if found is None:
        record.warn(
            f"the transcript calls its language {language!r:.40}, which is not known: words are cut by general rules; "
            "name the language with --language NAME"
        )
    return found.name if found else language.lower()


def _note_detected(found: Detected, what: str, record: RunRecord) -> None:
    record.facts["language_from"] = "detected"
    if found.language.code != "en" or found.probability < SURE:
        doubt = "" if found.probability >= SURE else f", probability {found.probability:.2f}"
        name = found.language.name.title()
        record.warn(f"the {what} is taken to be {name} (detected{doubt}); if that is wrong, give --language NAME")
