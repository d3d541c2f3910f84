"""Where things lie on a film: stimulus and words on the left, the brain on the right, the time line below.

Sizes are those of a film of 1280 x 720 and grow or shrink with it; text, and the lines it stands in, never get smaller
than can be read.
"""

from dataclasses import dataclass

WIDTH, HEIGHT = 1280, 720
SMALLEST_TEXT = 11  # pixels
SMALLEST_SCALE = 0.65  # at which lines still hold such text
TILE_ASPECT = 1.3  # width over height of a hemisphere seen from the side
MARGIN, HEADER, STRIP, GAP = 24, 64, 122, 12


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Index of an array (height, width, ...)."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    @property
    def is_empty(self) -> bool:
        """Whether it has no pixel."""
        return self.width <= 0 or self.height <= 0


@dataclass(frozen=True)
class FilmContent:
    """What has to find its place."""

    n_views: int = 4
    n_maps: int = 1
    has_picture: bool = True  # of the stimulus, or of its sound
    has_words: bool = True
    picture_aspect: float = 16 / 9


@dataclass(frozen=True)
class FilmLayout:
    """Boxes of a film."""

    size: tuple[int, int]
    title: Box
    clock: Box
    picture: Box
    words: Box
    shown: Box  # what the brain shows, in words
    labels: tuple[Box, ...]  # of each map, where there are two
    tiles: tuple[tuple[Box, ...], ...]  # of each map, of each view
    colour_bar: Box
    strip: Box  # the time line
    scale: float

    def px(self, length: float) -> int:
        """A length of the large film in pixels of this one."""
        return max(1, round(length * self.scale))

    def text_size(self, size: float) -> int:
        """The size of text in pixels."""
        return max(SMALLEST_TEXT, round(size * self.scale))


def film_layout(size: tuple[int, int], content: FilmContent) -> FilmLayout:
    """The layout of a film of (width, height) pixels."""
    width, height = size
    scale = max(min(width / WIDTH, height / HEIGHT), SMALLEST_SCALE)
    margin, gap = round(MARGIN * scale), round(GAP * scale)
    header, strip = round(HEADER * scale), round(STRIP * scale)
    clock_width = round(250 * scale)
    title = Box(margin, round(8 * scale), width - 2 * margin - clock_width - gap, header - round(8 * scale))
    clock = Box(width - margin - clock_width, title.y, clock_width, title.height)
    main = Box(margin, header + gap // 2, width - 2 * margin, height - strip - header - gap)
    has_left = content.has_picture or content.has_words
    left_width = round(main.width * ((0.40 if content.n_maps == 1 else 0.29) if has_left else 0))
    left = Box(main.x, main.y, left_width, main.height)
    picture, words = _left_boxes(left, content, gap)
    x = left.x + left.width + (2 * gap if has_left else 0)
    right = Box(x, main.y, width - margin - x, main.height)
    shown = Box(right.x, right.y, right.width, round(52 * scale))
    bar_height = round(40 * scale)
    colour_bar = Box(right.x, right.y + right.height - bar_height, right.width, bar_height)
    top = shown.y + shown.height + gap // 3
    brains = Box(right.x, top, right.width, colour_bar.y - top - gap // 2)
    labels, tiles = _brain_boxes(brains, content, round(30 * scale), gap)
    return FilmLayout(
        size, title, clock, picture, words, shown, labels, tiles, colour_bar,
        Box(margin, height - strip, width - 2 * margin, strip - round(6 * scale)), scale,
    )  # fmt: skip


def tile_grid(n: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows in which n views of equal size are largest.

    >>> tile_grid(4, 660, 380)
    (2, 2)
    """
    sizes = []
    for columns in range(1, n + 1):
        rows = -(-n // columns)
        sizes.append((min(width / columns / TILE_ASPECT, height / rows), columns, rows))
    best = max(size for size, _, _ in sizes)
    # of nearly equal ones the first: hemispheres beside each other come in pairs
    return next((columns, rows) for size, columns, rows in sizes if size > 0.98 * best)


def _left_boxes(left: Box, content: FilmContent, gap: int) -> tuple[Box, Box]:
    """The stimulus above its words; either takes all the room where the other is not."""
    nothing = Box(left.x, left.y, 0, 0)
    if not content.has_picture:
        return nothing, left if content.has_words else nothing
    most = round(left.height * (0.66 if content.has_words else 1.0))
    height = min(most, round(left.width / content.picture_aspect))
    width = min(left.width, round(height * content.picture_aspect))
    if not content.has_words:
        return Box(left.x + (left.width - width) // 2, left.y + (left.height - height) // 2, width, height), nothing
    picture = Box(left.x + (left.width - width) // 2, left.y, width, height)
    y = left.y + height + gap
    return picture, Box(left.x, y, left.width, left.y + left.height - y)


def _brain_boxes(
    area: Box, content: FilmContent, label_height: int, gap: int
) -> tuple[tuple[Box, ...], tuple[tuple[Box, ...], ...]]:
    n = content.n_maps
    apart = 3 * gap
    width = (area.width - (n - 1) * apart) // n
    labels, tiles = [], []
    for number in range(n):
        x, top = area.x + number * (width + apart), area.y + (label_height if n > 1 else 0)
        if n > 1:
            labels.append(Box(x, area.y, width, label_height))
        height = area.y + area.height - top
        columns, rows = tile_grid(content.n_views, width, height)
        tile_width = width // columns
        tile_height = min(height // rows, round(tile_width / TILE_ASPECT) + gap)
        first = top + (height - rows * tile_height) // 2
        tiles.append(
            tuple(
                Box(x + i % columns * tile_width, first + i // columns * tile_height, tile_width, tile_height)
                for i in range(content.n_views)
            )
        )
    return tuple(labels), tuple(tiles)
