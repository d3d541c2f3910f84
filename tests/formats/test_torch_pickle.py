"""The pickle machine: data comes out, nothing is ever called, and work and memory stay bounded."""

import os
import pickle
import struct
import time
from typing import Any

import pytest

from tests.formats import torch_writer as writer
from tribe_np.errors import CheckpointError
from tribe_np.formats import torch_pickle
from tribe_np.formats.torch_pickle import Storage, StoredTensor, read_pickle


def refused(raw: bytes) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_pickle(raw, origin="here")
    message = str(caught.value)
    assert message.startswith("here: ")
    assert "\n" not in message
    assert len(message) < 300
    return message


class Evil:
    """Runs a command when unpickled by pickle itself."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("function", [os.system, eval, exec, getattr, __import__, open])
def test_a_pickle_that_calls_something_is_refused_by_name(
    protocol: int, function: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mark = tmp_path_factory.getbasetemp() / "was_run"
    message = refused(pickle.dumps({"state_dict": Evil(function, f"touch {mark}")}, protocol=protocol))
    assert protocol < 2 or function.__name__ in message
    assert "nothing was run" in message or protocol < 2
    assert not mark.exists()


@pytest.mark.parametrize(
    "name",
    ["torch.load", "torch._utils._rebuild_tensor_v3", "builtins.dict", "collections.defaultdict", "torch.QInt8Storage",
     "torch.FloatStorage.x", "numpy.core.multiarray._reconstruct"],
)  # fmt: skip
def test_other_names_are_refused_even_if_not_called(name: str) -> None:
    module, _, leaf = name.rpartition(".")
    assert name in refused(writer.pickled({"x": writer.Name(module, leaf)}))


def test_names_that_would_break_a_line() -> None:
    raw = b"\x80\x04" + writer.encode("a\nb") + writer.encode("c" * 5000) + b"\x93."
    assert "a\\nb" in refused(raw)
    assert "whose name is not text" in refused(b"\x80\x04" + writer.encode(1) + writer.encode("x") + b"\x93.")


def tensor_call(*arguments: Any) -> bytes:
    return writer.pickled(writer.Call(writer.REBUILD, arguments))


STORAGE = writer.Persistent(("storage", writer.Name("torch", "FloatStorage"), "0", "cuda:0", 4))


def test_a_tensor_is_a_description() -> None:
    made = read_pickle(tensor_call(STORAGE, 1, (3,), (1,), False, writer.ORDERED, None), origin="here")
    assert made == StoredTensor(Storage("FloatStorage", "0", 4), 1, (3,), (1,))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((STORAGE, 0, (3,)), "description is malformed"),
        ((3, 0, (3,), (1,), False, None), "description is malformed"),
        ((STORAGE, -1, (3,), (1,), False, None), "offset, shape or strides are malformed"),
        ((STORAGE, True, (3,), (1,), False, None), "offset, shape or strides are malformed"),
        ((STORAGE, 0, (-3,), (1,), False, None), "offset, shape or strides are malformed"),
        ((STORAGE, 0, (3,), (-1,), False, None), "offset, shape or strides are malformed"),
        ((STORAGE, 0, [3], (1,), False, None), "offset, shape or strides are malformed"),
        ((STORAGE, 0, (2**62,), (1,), False, None), "offset, shape or strides are malformed"),
        ((STORAGE, 0, (1,) * 33, (1,) * 33, False, None), "offset, shape or strides are malformed"),
        ((STORAGE, 0, (3, 1), (1,), False, None), "2 axes and 1 strides"),
        ((STORAGE, 0, (3,), (1,), False, None, {"neg": True}), "metadata"),
    ],
)
def test_malformed_tensors(arguments: tuple[Any, ...], expected: str) -> None:
    assert expected in refused(tensor_call(*arguments))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (writer.Persistent("x"), "persistent id"),
        (writer.Persistent(("module", 1, 2, 3, 4)), "persistent id"),
        (writer.Persistent(("storage", "Float", "0", "cpu", 4)), "storage type str"),
        (writer.Persistent(("storage", writer.Name("torch", "Size"), "0", "cpu", 4)), "storage type torch.Size"),
        (writer.Persistent(("storage", writer.Name("torch", "FloatStorage"), 0, "cpu", 4)), "malformed"),
        (writer.Persistent(("storage", writer.Name("torch", "FloatStorage"), "0", "cpu", -4)), "malformed"),
        (writer.Call(writer.Name("torch", "Size"), (3,)), "torch.Size"),
        (writer.Call(writer.Name("torch._utils", "_rebuild_parameter"), (3, True, None)), "a parameter"),
        (writer.Call(writer.Name("collections", "OrderedDict"), ([["a", 1]],)), "OrderedDict with arguments"),
        (writer.Call(writer.Name("torch", "FloatStorage"), (10**9,)), "calls torch.FloatStorage"),
        ({(1, 2): 3}, "dict key of type tuple"),
        ({2**61 - 1: 3}, "small whole numbers"),
        ({2.5: 3}, "dict key of type float"),
    ],
)
def test_other_malformed_values(value: Any, expected: str) -> None:
    assert expected in refused(writer.pickled(value))


@pytest.mark.parametrize(
    "body",
    [b"", b".", b"N", b"t.", b"\x85.", b"(", b"Nt.", b"NR.", b"Nb.", b"N}b.", b"Q.", b"]s.", b"NNNs.", b"N(NNu.",
     b"}(Nu.", b"N(Ne.",
     b"NNa.", b"h\x07.", b"q\x01.", b"c\n.", b"ca.\n", b"X\xff\xff\xff\xff.", b"\x8b\xff\xff\xff\x7f.",
     b"\x81.", b"\x82\x01.", b"(i__main__\nx\n.", b"P0\n.", b"I1\n.", b"}(]Nu.", b"\xff.", b"X\x01\x00\x00\x00\xff."],
)  # fmt: skip
def test_malformed_streams(body: bytes) -> None:
    refused(b"\x80\x02" + body)


def test_pop_and_memo() -> None:
    raw = b"\x80\x04" + writer.encode("a") + b"\x94N0h\x00\x86."  # a, memoize, None, pop, get 0, pair
    assert read_pickle(raw, origin="here") == ("a", "a")
    held = read_pickle(b"\x80\x02]r\x07\x00\x00\x00j\x07\x00\x00\x00Naa.", origin="here")  # a list with None and itself
    assert held[0] is None
    assert held[1] is held


def test_a_stream_without_an_end() -> None:
    with pytest.raises(torch_pickle.MalformedError, match="without an end"):
        torch_pickle.Machine().run(iter([("NONE", None)]))


def test_depth_and_self_reference_do_no_harm() -> None:
    deep = read_pickle(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", origin="here")
    assert len(deep) == 1
    assert "dict key of type tuple" in refused(b"\x80\x02})" + b"\x85" * 100_000 + b"Ns.")
    endless = read_pickle(b"\x80\x02]q\x00h\x00a.", origin="here")
    assert endless[0] is endless


def test_ordinary_keys() -> None:
    value = {"a": 1, 7: 2, -1: 3, None: 4, True: 5}
    assert read_pickle(writer.pickled(value), origin="here") == value


def test_work_is_bounded() -> None:
    start = time.process_time()
    assert "opcodes" in refused(b"\x80\x02" + b"N0" * (torch_pickle.MAX_OPCODES // 2) + b".")
    big = b"(" + b"K\x01" * 100_000 + b"tq\x00"  # a tuple that every torch.Size would have to walk
    many = b"".join(b"ctorch\nSize\nh\x00\x85R0" for _ in range(3))
    assert "torch.Size" in refused(b"\x80\x02" + big + many + b".")
    assert time.process_time() - start < 15


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "malformed" in refused(b"\x80\x02B" + struct.pack("<I", 0xFFFFFFF0) + b"x.")
    assert read_pickle(b"\x80\x02Nr" + struct.pack("<I", 0xFFFFFFF0) + b".", origin="here") is None  # a far memo slot
    monkeypatch.setattr(torch_pickle, "MAX_BYTES", 10)
    assert "at most 10 are read" in refused(b"\x80\x02" + b"N" * 20 + b".")
