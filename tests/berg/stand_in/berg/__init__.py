"""A stand-in for the package BERG 2.0.0: its calls, registry and interface, with its signatures and nothing else."""

from berg.core.berg import BERG

__version__ = "2.0.0"
__all__ = ["BERG"]
