"""One process of the benchmark: loads one model, times its call, prints one line of JSON. Started by rounds.py."""

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.machine.allocator import keep_freed_memory
from tribe_np.pipeline.run_record import high_water_mark


def run(side: str, job: dict[str, Any]) -> dict[str, Any]:
    """Seconds of each timed call (and of processors in it), of loading and warming, and this process's peak memory."""
    module: Any = import_module({"ours": "tools.bench.ours", "peer": "tools.bench.peer"}[side])
    if job["case"] == "machine":
        found: dict[str, Any] = module.machine(job["options"])
        return found
    if side == "ours":  # as the command line does
        keep_freed_memory()
    start = time.perf_counter()
    call = module.prepare(job["case"], Path(job["folder"]), job["options"])
    loading, seconds, processor = time.perf_counter() - start, [], []
    for _ in range(job["repeats"]):
        out = np.empty(0)  # the result before is gone while the next is made, on both sides
        start, busy = time.perf_counter(), time.process_time()
        out = call()
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    peak = high_water_mark()
    if job["save"]:
        np.save(job["save"], out)
    detail = getattr(call, "detail", None)
    return {"seconds": seconds, "processor": processor, "loading": loading, "peak": peak, "detail": detail}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], json.loads(sys.argv[2]))))
