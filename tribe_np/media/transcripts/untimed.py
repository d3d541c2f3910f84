"""Times for words that have none: between their timed neighbours, in proportion to length.

Recognisers and aligners give no time to what they cannot spell (numbers, prices, signs); the order of the words still
says between which times each was spoken.
"""

from collections.abc import Sequence

PartialTime = tuple[float | None, float | None]  # start and stop in seconds; None where it is not known


def place_untimed(
    texts: Sequence[str], times: Sequence[PartialTime], start: float, stop: float
) -> list[tuple[float, float]]:
    """Start and stop of every word; those that are known stay as they are.

    Units    seconds; start and stop bound the words before the first known time and after the last
    Numerics a run of unknown times is shared out between the known time before it and the one after it, in proportion
             to the characters of the words (at least 1 each); where these leave no room, it lasts 0 s at the earlier
    """
    edges = [edge for pair in times for edge in pair]
    places = [0]  # of each edge, in characters from the first word
    for text in texts:
        places += [places[-1], places[-1] + max(len(text), 1)]
    places = places[1:]
    placed: list[float] = []
    first = 0  # of the run of unknown edges
    while first < len(edges):
        known = edges[first]
        if known is not None:
            placed.append(known)
            first += 1
            continue
        end = next((k for k in range(first, len(edges)) if edges[k] is not None), len(edges))
        before, after = (placed[-1], places[first - 1]) if first else (start, places[0])
        beyond, until = (edges[end], places[end]) if end < len(edges) else (stop, places[-1])
        assert beyond is not None
        share = max(beyond - before, 0.0) / max(until - after, 1)
        placed += [before + (places[k] - after) * share for k in range(first, end)]
        first = end
    return list(zip(placed[::2], placed[1::2], strict=True))
