"""The child that runs a tokenizer.json we do not know: `tokenizer_process` runs this file as a script.

Its own process, because the `tokenizers` library can panic, loop or eat all memory over a file, and writes a trace
of the panic to standard error. Standard input and output carry one JSON value a line: a request [method, argument],
an answer {"value": ...} or {"error": "..."}. It ends when its input does.
"""

import json
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

LONGEST = 90  # seconds of one answer: the parent gives up earlier, unless it was killed


def answer(function: Callable[[], Any]) -> Any:
    """Calls it and writes what came out; the value, or None after an error."""
    signal.alarm(LONGEST)  # its default action ends the process, in the middle of the library too
    try:
        reply = {"value": function()}
    except BaseException as error:  # the library's panics are no Exceptions
        reply = {"error": f"{str(error) or type(error).__name__}"[:300]}
    signal.alarm(0)
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()
    return reply.get("value")


def main(path: str, max_memory: int) -> None:
    """Loads the file, says so, then answers until the input ends; `max_memory` in bytes of address space."""
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_CORE):
        with suppress(ValueError, OSError):  # not every system has the first
            most = max_memory if limit == resource.RLIMIT_AS else 0
            resource.setrlimit(limit, (most, most))
    loaded: list[Any] = []

    def load() -> bool:
        backend = import_module("tokenizers").Tokenizer.from_file(path)
        backend.no_truncation()
        backend.no_padding()
        loaded.append(backend)
        return True

    if answer(load) is None:
        return
    (backend,) = loaded
    methods: dict[str, Callable[[Any], Any]] = {
        "encode": lambda text: backend.encode(text, add_special_tokens=False).ids,
        "token_to_id": backend.token_to_id,
        "get_vocab_size": lambda _: backend.get_vocab_size(),
    }
    for line in sys.stdin:
        method, argument = json.loads(line)
        answer(lambda method=method, argument=argument: methods[method](argument))  # type: ignore[misc]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
