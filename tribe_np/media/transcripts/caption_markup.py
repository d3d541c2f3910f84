"""Markup of captions: what of a cue's text is spoken words, and what only colours or places them.

Known tags alone are markup, so that `x <3 and y> 2` keeps its words. Entities are decoded after the tags are gone:
`&lt;i&gt;` is text. The reading in a ruby annotation (`<rt>`) repeats its base and is not spoken.
Source   WebVTT, W3C Candidate Recommendation 2019-04-04, sections 4.2 and 6.4;
         SubRip and SubStation tags as players read them
"""

import html
import re
from html.entities import html5

from tribe_np.media.transcripts.timed_words import INVISIBLE

NAMES = "i|b|u|s|c|v|em|strong|font|span|lang|ruby|rt|rp|class|small|big|sub|sup|tt|strike|p|div"
TAG = re.compile(rf"</?(?:{NAMES})(?:[.\s][^<>]*)?/?>|</(?:{NAMES})$", re.IGNORECASE)
BREAK = re.compile(r"<br\s*/?>|\\N", re.IGNORECASE)
OVERRIDE = re.compile(r"\{\\[^{}]*\}|\{/?[ibus]\}|\{y:[ibus,]*\}", re.IGNORECASE)
RUBY_TEXT = re.compile(r"<(rt|rp)(?:[.\s][^<>]*)?>.*?(?:</\1>|(?=<r[tp][>.\s]|</ruby>)|$)", re.IGNORECASE | re.DOTALL)
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)


def without_markup(text: str) -> str:
    """The text with its line breaks, without tags, with entities decoded and invisible characters gone."""
    text = RUBY_TEXT.sub("", text) if "<r" in text.lower() else text
    text = OVERRIDE.sub("", TAG.sub("", BREAK.sub("\n", text)))
    return INVISIBLE.sub("", ENTITY.sub(_character, text))


def _character(match: re.Match[str]) -> str:
    """The character of an entity; one that is unknown, or of a control character, stays as it is written."""
    written = match.group()
    found = html.unescape(written) if written[1] == "#" else html5.get(written[1:], "")
    return found if found and found != "\ufffd" and ord(found[0]) >= 32 else written
