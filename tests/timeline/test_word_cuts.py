"""Words of running text: at spaces, and at every character of Chinese and Japanese."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.timeline.word_cuts import cut_words, unspaced_stretch, word_spans


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, my friend. It's $5.50!", ["Hello,", "my", "friend.", "It's", "$5.50!"]),
        ("今天天气很好。我们去", ["今", "天", "天", "气", "很", "好。", "我", "们", "去"]),
        ("我的iPhone是2024年买的！OK吗？", ["我", "的", "iPhone", "是", "2024", "年", "买", "的！", "OK", "吗？"]),
        ("コーヒーを 買う。", ["コー", "ヒー", "を", "買", "う。"]),
        ("か\u3099き", ["か\u3099", "き"]),
        ("他说：“走吧！”然后(really)走了。", ["他", "说：", "“走", "吧！”", "然", "后", "(really)", "走", "了。"]),
        ("（你好）“OK”吗", ["（你", "好）", "“OK”", "吗"]),
        ("Hello（你好）world。OK", ["Hello", "（你", "好）", "world。", "OK"]),
        ("오늘은 날씨가 좋습니다.", ["오늘은", "날씨가", "좋습니다."]),
        ("กา\u200bดำ นก", ["กา", "ดำ", "นก"]),
        ("你\u3000好", ["你", "好"]),
        (" \n", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert cut_words(text) == words


@given(st.text("你か a(（。.\u200b\n1“ーb‘\u3099", max_size=12) | st.text(max_size=30))
def test_no_character_is_lost(text: str) -> None:
    spans = word_spans(text)
    assert all(first < stop for first, stop in spans)
    assert all(stop <= later for (_, stop), (later, _) in itertools.pairwise(spans))
    spaces = {c for c in text if c.isspace() or c == "\u200b"}
    assert "".join(cut_words(text)) == "".join(c for c in text if c not in spaces)


@given(st.text("ab c.,'(\"\n", max_size=30))
def test_text_with_spaces_is_split_at_them(text: str) -> None:
    assert cut_words(text) == text.split()


def test_a_long_stretch_without_spaces() -> None:
    assert unspaced_stretch("ภาษา " * 20 + "and " * 20) == ""
    assert unspaced_stretch("ok " + "ខ្មែរ" * 6) == "ខ្មែរ" * 6
