"""The heat map of compare: labels that fit, each once; numbers while they can be read; grey for what is none."""

import numpy as np
import pytest

from tribe_np.plots.figures.similarity_figure import MOST_WITH_NUMBERS, short_labels, similarity_figure


def test_labels_are_short_and_each_is_there_once() -> None:
    names = ["x" * 50 + "a" * 50, "x" * 50 + "b" + "a" * 49, "short"]
    labels = short_labels(names)
    assert len(set(labels)) == 3
    assert max(map(len, labels)) < 35
    assert labels[2] == "short"


@pytest.mark.extras
@pytest.mark.parametrize("n", [2, 17, 100])
def test_every_label_lies_on_the_picture(n: int) -> None:
    names = [f"a_long_name_of_a_stimulus_with_a_number_{i}" for i in range(n)]
    matrix = np.eye(n)
    matrix[0, 1] = np.nan
    figure = similarity_figure(names, [("Maps", matrix), ("Courses", matrix)], note="a note " * 12)
    renderer = figure.canvas.get_renderer() if hasattr(figure.canvas, "get_renderer") else None
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    texts = [text for axes in figure.axes for text in axes.texts] + figure.texts
    for text in texts:
        box = text.get_window_extent(renderer)
        assert 0 <= box.x0 <= box.x1 <= width, text.get_text()
        assert 0 <= box.y0 <= box.y1 <= height, text.get_text()
    numbers = n * n if n <= MOST_WITH_NUMBERS else 0
    assert len(texts) == 2 * (2 * n + 1 + numbers) + 1
    assert ("n/a" in {text.get_text() for text in texts}) == bool(numbers)


@pytest.mark.extras
def test_titles_of_small_squares_do_not_meet() -> None:
    figure = similarity_figure(["a", "b"], [("Pearson's r of mean maps", np.eye(2)), ("RSA over time", np.eye(2))])
    figure.draw_without_rendering()
    first, second = (axes.texts[-5].get_window_extent() for axes in figure.axes[:2])  # before the four numbers
    assert first.x1 < second.x0
