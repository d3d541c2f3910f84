"""A config.yaml with single values changed and everything else as it was, Python tags and anchors included.

The text is taken apart into YAML's own nodes, which name classes and make none of them.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from tribe_np.errors import CheckpointError
from tribe_np.formats.config_yaml import parse_config_yaml

INDENT = 4  # upstream's


def edited_config(text: str, changes: Mapping[tuple[str, ...], Any], *, origin: str) -> str:
    """The text with the values at some paths of keys replaced, or added to a mapping that is there.

    Comments are lost but for those before the first key. Values are plain ones.
    Raises   CheckpointError for a text that cannot be read, or a path that leads through something else
    """
    parse_config_yaml(text, origin=origin)  # refuses what is too large, too deep or no mapping
    root = _node(text)
    for path, value in changes.items():
        root = _changed(root, path, _node(yaml.safe_dump(value)), origin)
    head = "".join(f"{line}\n" for line in _comments(text))
    return head + yaml.serialize(root, Dumper=yaml.SafeDumper, indent=INDENT, allow_unicode=True)


def _node(text: str) -> yaml.Node:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert node is not None  # texts that hold nothing are refused before
    return node


def _comments(text: str) -> list[str]:
    lines = text.splitlines()
    return lines[: next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))]


def _changed(node: yaml.Node, path: tuple[str, ...], value: yaml.Node, origin: str) -> yaml.Node:
    """The node with a value replaced; mappings on the way are copies, since an anchor may name them elsewhere too."""
    if not path:
        return value
    if not isinstance(node, yaml.MappingNode):
        raise CheckpointError(f"{origin}: expected a mapping with the key {path[0]}")
    pairs = list(node.value)
    at = next((i for i, (key, _) in enumerate(pairs) if key.value == path[0]), None)
    if at is None:
        if len(path) > 1:
            raise CheckpointError(f"{origin}: the section {path[0]} is missing")
        pairs.append((yaml.ScalarNode("tag:yaml.org,2002:str", path[0]), value))
    else:
        pairs[at] = (pairs[at][0], _changed(pairs[at][1], path[1:], value, origin))
    return yaml.MappingNode(node.tag, pairs, flow_style=node.flow_style)
