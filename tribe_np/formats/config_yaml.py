"""Upstream's config.yaml, read without ever making a Python object that the file names.

Upstream writes `yaml.dump(model_dump())`, with three kinds of Python tags (tuple, OrderedDict, PosixPath), and
reads it with the unsafe loader. Here those become a tuple, a dict and a string; a few plain ones (python/str,
python/int, ...) become what they say; any other python/* tag is refused and nothing is called.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tribe_np.errors import CheckpointError
from tribe_np.files.file_kinds import HEAD, description
from tribe_np.files.small_files import read_small_file

MAX_BYTES = 100_000  # a real one has about 18,000; PyYAML needs up to 4 s for as many
MAX_DEPTH = 60
MAX_DIGITS = 400  # of a number: 1:1:1:... and 0x... make whole numbers that are slow, or cannot be written out
MAX_NODES = 100_000  # after aliases are followed: a small file of aliases of aliases can mean billions
PYTHON = "tag:yaml.org,2002:python/"
ORDERED_DICT = PYTHON + "object/apply:collections.OrderedDict"
NUMBERS = {f"tag:yaml.org,2002:{prefix}{kind}" for prefix in ("", "python/") for kind in ("int", "long", "float")}
PATHS = tuple(
    PYTHON + f"object/apply:{module}.{kind}"
    for module in ("pathlib", "pathlib._local")
    for kind in ("PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath", "Path", "PurePath")
)
MALFORMED = (
    yaml.YAMLError, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError,
)  # fmt: skip
"""What PyYAML's safe constructors raise for malformed scalars, besides its own error."""


class InertLoader(yaml.SafeLoader):
    """SafeLoader that also reads upstream's ordinary tags as plain data."""


def read_config_yaml(path: str | Path) -> dict[str, Any]:
    """The mapping in a config.yaml, in file order.

    Raises   CheckpointError in one line, naming the file: missing, not UTF-8, not YAML, too large or too deep,
             a Python tag other than the ordinary ones, or no mapping
    """
    raw = read_small_file(path, most=MAX_BYTES)
    if other := description(raw[:HEAD]):
        raise CheckpointError(f"{path}: not a configuration but {other}")
    try:
        return parse_config_yaml(raw.decode("utf-8"), origin=str(path))
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error


def parse_config_yaml(text: str, *, origin: str) -> dict[str, Any]:
    """The mapping in a YAML text; `origin` names it in errors. Raises as `read_config_yaml`."""
    try:
        loader = InertLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise CheckpointError(f"{origin}: empty; expected the mapping that upstream writes")
            _check_size(node, origin)
            value = loader.construct_document(node)
        finally:
            loader.dispose()
    except CheckpointError:
        raise
    except RecursionError as error:
        raise CheckpointError(f"{origin}: nested too deeply") from error
    except MALFORMED as error:
        raise CheckpointError(f"{origin}: not valid YAML: {_one_line(error)}") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{origin}: must hold a mapping, got {type(value).__name__}")
    return value


def _one_line(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        where = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        return f"{error.problem or error.context}{where}"[:200]
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]


def _check_size(node: yaml.Node, origin: str) -> None:
    """Depth and number of nodes with aliases followed; an alias to its own parent counts as endless."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: yaml.Node, depth: int) -> int:
        key = id(node)
        if key in open_nodes:
            raise CheckpointError(f"{origin}: an alias points to its own parent")
        if isinstance(node, yaml.ScalarNode) and node.tag in NUMBERS and len(node.value) > MAX_DIGITS:
            line = node.start_mark.line + 1
            raise CheckpointError(f"{origin}: not valid YAML: a number of {len(node.value)} characters at line {line}")
        if depth > MAX_DEPTH:
            raise CheckpointError(f"{origin}: nested deeper than {MAX_DEPTH} levels")
        if key not in sizes:
            open_nodes.add(key)
            sizes[key] = 1 + sum(size(child, depth + 1) for child in _children(node))
            open_nodes.discard(key)
        if sizes[key] > MAX_NODES:
            raise CheckpointError(f"{origin}: its aliases expand to more than {MAX_NODES} values")
        return sizes[key]

    size(node, 0)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _items(loader: InertLoader, node: yaml.Node) -> list[Any]:
    if not isinstance(node, yaml.SequenceNode):
        raise yaml.constructor.ConstructorError(None, None, f"{node.tag} must tag a sequence", node.start_mark)
    return list(loader.construct_sequence(node, deep=True))


def _tuple(loader: InertLoader, node: yaml.Node) -> tuple[Any, ...]:
    return tuple(_items(loader, node))


def _ordered_dict(loader: InertLoader, node: yaml.Node) -> dict[Any, Any]:
    """The arguments of OrderedDict: nothing, or one list of [key, value] pairs."""
    arguments = _items(loader, node)
    pairs = arguments[0] if len(arguments) == 1 else []
    if len(arguments) > 1 or not isinstance(pairs, list) or any(not isinstance(p, list) or len(p) != 2 for p in pairs):
        raise yaml.constructor.ConstructorError(
            None, None, "an OrderedDict must hold one list of [key, value] pairs", node.start_mark
        )
    return dict(pairs)


def _path(loader: InertLoader, node: yaml.Node) -> str:
    """The parts of a path joined by slashes; never a path object, which another system could not make."""
    parts = [str(part) for part in _items(loader, node)]
    return "/".join(part if i else part.rstrip("/") for i, part in enumerate(parts)) if parts != ["/"] else "/"


def _refuse(loader: InertLoader, suffix: str, node: yaml.Node) -> Any:
    raise yaml.constructor.ConstructorError(
        None,
        None,
        f"the tag !!python/{suffix} is not one that upstream's configs use; nothing was run",
        node.start_mark,
    )


def _plain(like: str) -> Callable[[InertLoader, yaml.Node], Any]:
    """What SafeLoader makes of YAML's own tag `like`."""
    constructor: Callable[[InertLoader, yaml.Node], Any] = InertLoader.yaml_constructors["tag:yaml.org,2002:" + like]
    return constructor


InertLoader.add_constructor(PYTHON + "tuple", _tuple)
InertLoader.add_constructor(PYTHON + "list", _items)
InertLoader.add_constructor(ORDERED_DICT, _ordered_dict)
for _tag in PATHS:
    InertLoader.add_constructor(_tag, _path)
for _name, _like in {
    "none": "null", "bool": "bool", "int": "int", "long": "int", "float": "float", "str": "str", "unicode": "str",
    "dict": "map",
}.items():  # fmt: skip
    InertLoader.add_constructor(PYTHON + _name, _plain(_like))
InertLoader.add_multi_constructor(PYTHON, _refuse)
