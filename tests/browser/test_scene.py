"""The cortex as it is drawn: colours pixel by pixel, nothing uploaded, shapes, sides, outlines, a lost context."""

from functools import cache

import numpy as np
import pytest

from tests.browser.chromium import Browser
from tests.browser.made_run import STARTS
from tests.browser.planted import HALF, piece_of, planted_values, surface
from tests.browser.scripts_page import scene_page
from tests.browser.seen_cortex import NONE, seen_cortex
from tests.browser.shown import SHAPES, drawn, view
from tribe_np.plots.colours.colour_scale import ColourScale, colour_scale

pytestmark = pytest.mark.browser
COUNT_UPLOADS = """
    window.uploads = [];
    for (const name of ["bufferData", "bufferSubData", "texImage2D", "texSubImage2D"]) {
      const before = WebGL2RenderingContext.prototype[name];
      WebGL2RenderingContext.prototype[name] = function (...all) {
        uploads.push(name);
        return before.apply(this, all);
      };
    }"""


@cache
def planted() -> np.ndarray:
    """Values (R, 2 V); made when a test runs: collecting the tests needs no extra."""
    return planted_values(len(STARTS), patch_row=4, ramp_row=8)


@pytest.fixture(scope="module")
def opened(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """The browser with a scene and nothing around it."""
    limits = colour_scale(planted())
    file = tmp_path_factory.mktemp("scene") / "scene.html"
    scene_page(file, planted(), np.array(STARTS, float), (limits.low, limits.high))
    chromium.open(file, width=900, height=600, until="window.tribePage")
    return chromium


@pytest.fixture
def scene(opened: Browser) -> Browser:
    """That scene as it began: pial, from the left, at its first row."""
    opened.js("tribePage.reset()")
    return opened


def tell(scene: Browser, name: str, *arguments: object) -> object:
    """A method of the scene."""
    return scene.js(f"return tribePage.scene.{name}(...arguments[0])", list(arguments))


def camera(scene: Browser, **angles: object) -> None:
    scene.js("tribePage.scene.camera = arguments[0]", angles)


def colours(scene: Browser, scale: ColourScale) -> None:
    """Python's own table."""
    script = "tribePage.scene.setColours(Uint8Array.from(arguments[0]), ...arguments[1])"
    scene.js(script, scale.table.ravel().tolist(), [scale.low, scale.high, scale.threshold])


def at(seconds: float) -> np.ndarray:
    """Values (V,) between two rows a second apart."""
    row = int(seconds)
    return (1 - seconds % 1) * planted()[row] + seconds % 1 * planted()[min(row + 1, len(planted()) - 1)]


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_pixels_have_the_colours_of_the_values_between_their_vertices(scene: Browser, threshold: float | None) -> None:
    """At the middles of pixels, where the value is the mean of three vertices by Python's own sums."""
    scale = colour_scale(planted(), fade=None, threshold=threshold)
    colours(scene, scale)
    camera(scene, azimuth=205, elevation=12)
    for seconds in (5.0, 6.5, 10.25):
        tell(scene, "setTime", seconds)
        seen, picture, off = seen_cortex(scene, "pial"), drawn(scene), []
        for x, y in np.random.default_rng(6).integers([200, 100], [700, 500], (300, 2)) + 0.5:
            face, weights = seen.face_at(x, y)
            value = weights @ at(seconds)[seen.faces[face]]
            if face != NONE and (threshold is None or abs(abs(value) - threshold) > 0.05):
                shown = picture[int(y), int(x), :3].astype(int)
                colour = scale.rgba(value)
                off.append(np.abs(shown - 255 * colour[:3]).max() if colour[3] else np.ptp(shown))
        assert len(off) > 150
        assert np.percentile(off, 97) <= 12, "a byte of a value is up to three colours"


def test_a_moment_uploads_nothing(scene: Browser) -> None:
    scene.js(COUNT_UPLOADS)
    for seconds in np.arange(0, 20, 0.7):
        scene.js("tribePage.scene.setTime(arguments[0], 'bold'); tribePage.scene.draw()", float(seconds))
    assert scene.js("return uploads") == []
    scene.js("tribePage.scene.setColours(new Uint8Array(1024).fill(9), -1, 1)")
    assert scene.js("return uploads") == ["texImage2D"], "the count counts"


def test_what_did_not_change_is_not_drawn_again(scene: Browser) -> None:
    script = """const { scene } = tribePage; scene.setTime(3.25); scene.draw();
        const found = [scene.needsDraw]; scene.setTime(3.25); found.push(scene.needsDraw);
        scene.setTime(3.5); found.push(scene.needsDraw); return found"""
    assert scene.js(script) == [False, False, True]


def test_a_vertex_without_a_value_is_bare_also_between_rows(scene: Browser) -> None:
    """Rows of our own: everything is 254 but for left vertices, which have no value in row 1."""
    script = """const { scene } = tribePage;
        const n = scene.mesh.nVertices;
        const values = new Uint8Array(n * 3).fill(254);
        values.fill(255, n, n + scene.mesh.perHemisphere);
        const clock = { starts: [0, 1, 2], tr: 1, offset: 5, isStatic: false };
        scene.setLayer({ name: "ours", values, nRows: 3, low: 0, high: 1, clock });
        const red = Uint8Array.from({ length: 1024 }, (_, at) => [200, 30, 60, 255][at % 4]);
        scene.setColours(red, 0, 1);
        scene.setShape(1); scene.view("dorsal")"""
    scene.js(script)
    seen = seen_cortex(scene, "inflated")
    places = np.random.default_rng(7).integers([150, 150], [750, 450], (200, 2)) + 0.5
    faces = np.array([seen.face_at(x, y)[0] for x, y in places])
    is_left = seen.faces[faces, 0] < HALF
    for seconds, is_bare in ((0.0, False), (0.25, True), (1.0, True), (1.75, True), (2.0, False)):
        tell(scene, "setTime", seconds)
        picture = drawn(scene)
        shown = picture[tuple(places.astype(int).T[::-1])].astype(int)
        greyness, inside = np.ptp(shown[:, :3], axis=1), (faces != NONE) & (shown[:, 3] == 255)
        for mine, bare in ((is_left, is_bare), (~is_left, False)):
            assert (inside & mine).sum() > 30
            assert ((greyness[inside & mine] < 12) == bare).all(), seconds
        assert (scene.js("return tribePage.scene.valueOf(5)") is None) == is_bare
        assert scene.js("return tribePage.scene.valueOf(20000)") == 1


@pytest.mark.parametrize(("name", "side"), [("medial_left", 0), ("medial_right", 1)])
def test_a_medial_view_shows_its_side_alone(scene: Browser, name: str, side: int) -> None:
    view(scene, name)
    middle = scene.js("const { canvas } = tribePage.scene; return [canvas.clientWidth / 2, canvas.clientHeight / 2]")
    found = scene.js("return tribePage.scene.pick(...arguments[0])", middle)
    assert found["hemisphere"] == ("left", "right")[side]
    assert (found["vertex"] >= HALF) == bool(side)
    other = scene.js("return tribePage.scene.screenPosition(arguments[0])", 5000 if side else HALF + 5000)
    assert other[2] is False


def test_flat_maps_lie_side_by_side_without_a_smear(scene: Browser) -> None:
    tell(scene, "setShape", 2)
    view(scene, "start")
    picture = drawn(scene)
    alpha = picture[..., 3]
    seen = seen_cortex(scene, "flat")
    drawn_vertices = np.unique(surface("flat").faces)
    x = seen.places[drawn_vertices, 0]
    left, right = x[drawn_vertices < HALF], x[drawn_vertices >= HALF]
    assert left.max() < right.min(), "the left one is on the left"
    gap = alpha[:, int(left.max()) + 2 : int(right.min()) - 1]
    assert gap.shape[1] > 3
    assert not gap.any(), "nothing is drawn between them"
    corners = seen.places[seen.faces, :2]
    edges = corners[:, 1:] - corners[:, :1]
    area = np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]).sum() / 2
    assert (alpha / 255).sum() == pytest.approx(area, rel=0.02)
    outside = np.setdiff1d(np.arange(2 * HALF), drawn_vertices)[::50]
    said = scene.js("return arguments[0].map(v => tribePage.scene.screenPosition(v)[2])", outside.tolist())
    assert not any(said), "a vertex in no face of the map is nowhere"


@pytest.mark.parametrize("stage", [0.0, 0.5, 1.0, 1.3, 1.7, 2.0])
def test_hover_finds_the_vertex_where_the_scene_says_it_is(scene: Browser, stage: float) -> None:
    scene.js("tribePage.scene.setShape(arguments[0])", stage)
    camera(scene, azimuth=160, elevation=25, zoom=1.3, pan=[4, -3])
    script = """const { scene } = tribePage; const found = [];
        for (let v = 0; v < scene.mesh.nVertices; v += 23) {
          const [x, y, isSeen] = scene.screenPosition(v);
          if (isSeen) found.push(scene.pick(x, y)?.vertex === v);
        }
        return [found.length, found.filter(Boolean).length]"""
    n, n_right = scene.js(script)
    assert n > 100
    assert n_right >= 0.97 * n, "but for vertices on an outline"


def test_outlines_run_where_regions_meet_and_one_is_marked(scene: Browser) -> None:
    scene.js("tribePage.scene.setTime(-1); tribePage.scene.setShape(1); tribePage.scene.view('left')")
    plain = drawn(scene).astype(int)
    scene.js("tribePage.scene.setOutlines(Uint16Array.from(arguments[0]))", piece_of().tolist())
    lined = drawn(scene).astype(int)
    changed = np.abs(lined - plain).max(axis=2) > 60
    assert changed.sum() > 300
    seen = seen_cortex(scene, "inflated")
    y, x = np.nonzero(changed)
    for place in range(0, len(x), 41):
        face, _ = seen.face_at(x[place] + 0.5, y[place] + 0.5)
        if face == NONE:
            continue
        middle = seen.places[seen.faces[face], :2].mean(axis=0)
        near = np.linalg.norm(seen.places[:HALF, :2] - middle, axis=1) < 4 * seen.pixels
        assert len(np.unique(piece_of()[:HALF][near])) > 1, "a line within a region"
    inner = piece_of()[seen.vertex_at(plain.shape[1] / 2, plain.shape[0] / 2)]
    scene.js("tribePage.scene.highlight(arguments[0])", int(inner))
    marked = drawn(scene).astype(int)
    assert ((np.abs(marked - lined).max(axis=2) > 60) & (marked.min(axis=2) > 230)).sum() > 60, "in white"
    scene.js("tribePage.scene.highlight(null)")
    assert np.array_equal(drawn(scene), lined)
    scene.js("tribePage.scene.setOutlines(null)")
    assert np.array_equal(drawn(scene), plain)


def test_a_lost_context_comes_back_with_the_same_picture(scene: Browser) -> None:
    scene.js("tribePage.scene.setOutlines(Uint16Array.from(arguments[0]))", piece_of().tolist())
    tell(scene, "setTime", 6.5)
    tell(scene, "setShape", 1)
    before = drawn(scene, light=True)
    scene.js(
        """window.lose = tribePage.scene.canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
        lose.loseContext()"""
    )
    scene.wait("tribePage.scene.isLost")
    scene.js(
        "tribePage.scene.setTime(7.5); tribePage.scene.draw(); tribePage.scene.setShape(0.3)"
    )  # harmless meanwhile
    scene.js("lose.restoreContext()")
    scene.wait("!tribePage.scene.isLost")
    scene.js("tribePage.scene.setTime(6.5); tribePage.scene.setShape(1)")
    assert before[..., 3].any()
    assert np.array_equal(drawn(scene, light=True), before)
    scene.js("lose.loseContext()")
    scene.wait("tribePage.scene.isLost")
    scene.js("lose.restoreContext()")
    scene.wait("!tribePage.scene.isLost")
    assert np.array_equal(drawn(scene, light=True), before), "a second time too"
    assert scene.js("return tribePage.heard") == ["lost", "restored"] * 2
    assert [fault for fault in scene.faults() if "CONTEXT_LOST" not in fault] == []


@pytest.mark.parametrize("kind", SHAPES)
def test_the_background_is_transparent_and_edges_are_soft(scene: Browser, kind: str) -> None:
    tell(scene, "setShape", SHAPES.index(kind))
    alpha = drawn(scene, light=True)[..., 3]
    assert alpha[0, 0] == 0
    assert alpha.max() == 255
    assert ((alpha > 0) & (alpha < 255)).sum() > 200


def test_mouse_wheel_and_keys_turn_it(scene: Browser) -> None:
    now = "return tribePage.scene.camera"
    before = scene.js(now)
    scene.drag((450, 300), (500, 320))
    turned = scene.js(now)
    assert turned["azimuth"] == pytest.approx(before["azimuth"] - 20)
    assert turned["elevation"] == pytest.approx(8)
    pick = "return tribePage.scene.pick(300, 250).vertex"
    vertex = scene.js(pick)
    for _ in range(4):
        scene.mouse("Wheel", 300, 250, deltaX=0, deltaY=-120)
    scene.wait("tribePage.scene.camera.zoom > 1.9")
    assert scene.js(pick) == vertex, "what is under the pointer stays there"
    scene.js("tribePage.scene.canvas.focus()")
    for key, expected in (("2", {"azimuth": 0, "zoom": 1}), ("3", {"elevation": 90}), ("ArrowDown", {"elevation": 80})):
        scene.press(key)
        assert expected.items() <= scene.js(now).items(), key
    scene.press("0", "-")
    assert scene.js(now)["zoom"] == pytest.approx(1 / 1.2)
    scene.js("tribePage.scene.setShape(2)")
    before = scene.js(now)
    scene.drag((450, 300), (500, 320))
    after = scene.js(now)
    assert after["azimuth"] == before["azimuth"], "flat maps are moved, not turned"
    moved = np.subtract(after["pan"], before["pan"]) * scene.js("return tribePage.scene.pixelsPerMm")
    assert moved == pytest.approx([50, -20])


def test_two_fingers_zoom_where_they_are(scene: Browser) -> None:
    pick = "return tribePage.scene.pick(450, 320).vertex"
    vertex = scene.js(pick)
    scene.touch(*[[(450 - reach, 320), (450 + reach, 320)] for reach in (40, 60, 80, 100, 120)])
    camera_now = scene.js("return tribePage.scene.camera")
    assert camera_now["zoom"] == pytest.approx(3, rel=0.05)
    assert camera_now["azimuth"] == 180, "two fingers do not turn it"
    assert scene.js(pick) == vertex
    scene.touch([(400, 300)], [(420, 300)], [(440, 300)])
    assert scene.js("return tribePage.scene.camera.azimuth") == pytest.approx(180 - 16)
