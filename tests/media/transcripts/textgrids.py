"""TextGrids for the tests, in the text that Praat writes."""

from collections.abc import Sequence

Labels = Sequence[tuple[float, float, str]]
WHERE: Labels = [(0, 1, ""), (1, 1.4, "where"), (1.4, 1.6, "is"), (1.6, 2.2, "it"), (2.2, 10, "")]
PHONES: Labels = [(0, 1, ""), (1, 1.2, "W"), (1.2, 1.4, "EH1"), (1.4, 1.5, "IH1"), (1.5, 1.6, "Z"), (1.6, 10, "")]


def textgrid(tiers: dict[str, Labels], *, short: bool = False) -> str:
    """A TextGrid of interval tiers by name; points of a tier whose name ends in `*`."""
    size = len(tiers)
    if short:
        lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "10", "<exists>", str(size)]
    else:
        lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", "xmax = 10 "]
        lines += ["tiers? <exists> ", f"size = {size} ", "item []: "]
    for number, (name, labels) in enumerate(tiers.items(), 1):
        lines += [*([] if short else [f"    item [{number}]:"]), *_tier(name, labels, short)]
    return "\n".join(lines) + "\n"


def _tier(name: str, labels: Labels, short: bool) -> list[str]:
    points = name.endswith("*")
    pairs: list[tuple[str, object]] = [("class", '"TextTier"' if points else '"IntervalTier"'), ("name", f'"{name}"')]
    pairs += [("xmin", 0), ("xmax", 10), ("points: size" if points else "intervals: size", len(labels))]
    for start, stop, label in labels:
        times: list[tuple[str, object]] = [("number", start)] if points else [("xmin", start), ("xmax", stop)]
        pairs += [*times, ("mark" if points else "text", '"' + label.replace('"', '""') + '"')]
    return [str(value) if short else f"        {key} = {value} " for key, value in pairs]
