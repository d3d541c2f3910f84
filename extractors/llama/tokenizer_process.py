"""A tokenizer in a process of its own: whatever its file makes the library do takes bounded time and memory.

Expressions in a tokenizer.json can take hours over one sentence, and a panic of the library in Rust ends in a trace
on standard error. LLaMA 3's own pipeline is known to do neither and runs in this process (see `tokenizer.py`).
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from extractors.llama import tokenizer_child
from tribe_np.errors import CheckpointError
from tribe_np.shown import quoted

LOAD_SECONDS = 60.0  # the released file, of 9 MB, takes about one
ENCODE_SECONDS = 20.0  # of one text; a context of 1,024 words takes milliseconds
MAX_MEMORY = 4 << 30  # bytes of address space; a tokenizer of 32 MB of JSON takes less than one GB


class TokenizerProcess:
    """The three methods of tokenizers.Tokenizer that text features need.

    Raises   CheckpointError, naming the file: not usable, over its time or memory, or failing on a text
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._started: tuple[int, subprocess.Popen[bytes]] | None = None  # by which process: a fork needs its own
        with self._lock:
            self._child()

    def encode(self, text: str, *, add_special_tokens: bool) -> Any:
        """An object with the text's `ids`."""
        assert not add_special_tokens
        return SimpleNamespace(ids=self._ask("encode", text))

    def token_to_id(self, token: str) -> int | None:
        """The id of a token; None where there is no such token."""
        found: int | None = self._ask("token_to_id", token)
        return found

    def get_vocab_size(self) -> int:
        """Number of ids."""
        return int(self._ask("get_vocab_size", None))

    def _ask(self, method: str, argument: str | None) -> Any:
        with self._lock:
            child = self._child()
            assert child.stdin is not None
            try:
                child.stdin.write(json.dumps([method, argument]).encode() + b"\n")
                child.stdin.flush()
            except BrokenPipeError:
                pass  # it has ended: its answer says so
            except BaseException:
                self._stop(child)
                raise
            doing = f"cannot read the text {quoted(argument)}" if method == "encode" else "is not usable"
            return self._answer(child, ENCODE_SECONDS, doing)

    def _stop(self, child: "subprocess.Popen[bytes]") -> None:
        """Ends a child whose next answer would belong to an earlier question; the next question starts another."""
        _end(os.getpid(), child)
        self._started = None

    def _child(self) -> "subprocess.Popen[bytes]":
        """The running child, started where there is none."""
        if self._started is not None and self._started[0] == os.getpid():
            return self._started[1]
        try:
            child = subprocess.Popen(
                [sys.executable, "-P", str(tokenizer_child.__file__), str(self.path), str(MAX_MEMORY)],
                # -P: the folder of the script has modules such as random.py, which are not the library's
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # a panic writes its trace there
                env={**os.environ, "TOKENIZERS_PARALLELISM": "false"},
                start_new_session=True,  # an interrupt from the keyboard is for the parent
            )
        except OSError as error:
            raise CheckpointError(f"{self.path}: no process for its tokenizer: {error.strerror or error}") from error
        self._started = os.getpid(), child
        weakref.finalize(self, _end, os.getpid(), child)
        self._answer(child, LOAD_SECONDS, "is not a usable tokenizer")
        return child

    def _answer(self, child: "subprocess.Popen[bytes]", limit: float, doing: str) -> Any:
        try:
            line = _read_line(child, time.monotonic() + limit)
        except BaseException:  # an interrupt
            self._stop(child)
            raise
        if line is not None and line.endswith(b"\n"):
            reply = json.loads(line)
            if "error" in reply:
                raise CheckpointError(f"{self.path}: {doing}: {reply['error']}")
            return reply["value"]
        self._stop(child)
        if line is None:
            raise CheckpointError(f"{self.path}: {doing} within {limit:g} s; its regular expressions take too long")
        raise CheckpointError(f"{self.path}: {doing}: the tokenizers library crashed or ran out of memory on it")


def _read_line(child: "subprocess.Popen[bytes]", deadline: float) -> bytes | None:
    """A line of the child's output, without its end where the child has ended; None when the time is over."""
    assert child.stdout is not None
    pieces: list[bytes] = []
    while not pieces or not pieces[-1].endswith(b"\n"):
        ready, _, _ = select.select([child.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        piece = os.read(child.stdout.fileno(), 1 << 16)
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)


def _end(owner: int, child: "subprocess.Popen[bytes]") -> None:
    """Ends the child; a forked copy of the owner leaves it alone."""
    if owner == os.getpid():
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
