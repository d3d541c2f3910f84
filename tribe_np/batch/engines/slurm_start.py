"""What an element of an array runs: `python -m tribe_np.batch.engines.slurm_start THREADS -u -m submitit... FOLDER`.

submitit loads NumPy before it calls anything of ours, but the threads of BLAS, and which code of it suits the node's
processor, are set before NumPy is loaded: so they are set here, on the node, and then submitit's own program runs.
"""

import runpy
import sys


def main() -> None:
    """Sets the threads, then does what Python would do with the arguments after them: -m MODULE ARGUMENTS."""
    from tribe_np.machine import allocator
    from tribe_np.machine.threads import set_threads

    threads, *arguments = sys.argv[1:]
    allocator.keep_freed_memory()
    set_threads(int(threads))
    at = arguments.index("-m")
    sys.argv = arguments[at + 1 :]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
