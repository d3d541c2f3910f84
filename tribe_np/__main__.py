"""python -m tribe_np: the same as the tribe-np command."""

from tribe_np.cli.start import run

if __name__ == "__main__":
    run()
