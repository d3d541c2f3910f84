"""The CUDA sources run on the CPU: compiled by the C++ compiler, one thread of the machine per thread of a block.

Stands in for the part of CuPy that cupy_set.py uses, over NumPy arrays, so that the kernels' arithmetic, their use of
shared memory and the order of their arguments are tested where there is no GPU. Speed and the device are not.
"""

import ctypes
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

PRELUDE = """
#include <cmath>
#include <pthread.h>
using namespace std;
#define __global__
#define __device__ static
#define __shared__ static
struct Index { int x; };
static thread_local Index threadIdx;
static Index blockIdx;
static pthread_barrier_t barrier;
#define __syncthreads() pthread_barrier_wait(&barrier)
"""
LAUNCH = """
static void** values;
static void* one_thread(void* number) {
    threadIdx.x = (int)(long)number;
    NAME(ARGUMENTS);
    return nullptr;
}
extern "C" void launch(int blocks, int threads, void** arguments) {
    values = arguments;
    pthread_barrier_init(&barrier, nullptr, threads);
    pthread_t* all = new pthread_t[threads];
    for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x) {
        for (long t = 0; t < threads; ++t) pthread_create(&all[t], nullptr, one_thread, (void*)t);
        for (int t = 0; t < threads; ++t) pthread_join(all[t], nullptr);
    }
    delete[] all;
    pthread_barrier_destroy(&barrier);
}
"""


class RawModule:
    """Compiles on creation, as CuPy does on first use."""

    def __init__(self, folder: Path, compiler: str, code: str, options: tuple[str, ...]) -> None:
        ((name, parameters),) = re.findall(r'extern "C" __global__ void (\w+)\(([^)]*)\)', code)
        types = [parameter.strip().rpartition(" ")[0] for parameter in parameters.split(",")]
        arguments = ", ".join(f"*({kind}*)values[{i}]" for i, kind in enumerate(types))
        text = PRELUDE + code + LAUNCH.replace("NAME", name).replace("ARGUMENTS", arguments)
        source, library = folder / f"{name}{options[0]}.cpp", folder / f"{name}{options[0]}.so"
        source.write_text(text)
        macros = [option for option in options if option.startswith("-D")]
        command = [
            compiler,
            "-std=c++14",
            "-O1",
            "-shared",
            "-fPIC",
            "-pthread",
            *macros,
            str(source),
            "-o",
            str(library),
        ]
        subprocess.run(command, check=True, capture_output=True)
        self.library, self.types = ctypes.CDLL(str(library)), types

    def get_function(self, name: str) -> Any:
        return self.launch

    def launch(self, blocks: tuple[int], threads: tuple[int], arguments: tuple[Any, ...]) -> None:
        assert blocks[0] > 0
        held = [self.c_value(kind, value) for kind, value in zip(self.types, arguments, strict=True)]
        pointers = (ctypes.c_void_p * len(held))(*[ctypes.addressof(value) for value in held])
        self.library.launch(blocks[0], threads[0], pointers)

    @staticmethod
    def c_value(kind: str, value: Any) -> Any:
        if kind.endswith("*"):
            assert value.flags.c_contiguous
            return ctypes.c_void_p(value.ctypes.data)
        expected = {"long long": (np.int64, ctypes.c_longlong), "double": (np.float64, ctypes.c_double)}[kind]
        assert type(value) is expected[0], f"the kernel takes {kind}, got {type(value).__name__}"
        return expected[1](value)


class CudaOnCpu:
    """The names of CuPy that cupy_set.py uses."""

    ndarray, int64, float64 = np.ndarray, np.int64, np.float64
    ascontiguousarray, empty_like = staticmethod(np.ascontiguousarray), staticmethod(np.empty_like)
    ones, zeros = staticmethod(np.ones), staticmethod(np.zeros)

    def __init__(self, folder: Path, compiler: str) -> None:
        self.folder, self.compiler = folder, compiler

    def RawModule(self, *, code: str, options: tuple[str, ...]) -> RawModule:
        return RawModule(self.folder, self.compiler, code, options)
