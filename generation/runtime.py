"""ONNX Runtime: runs the shipped networks, without torch.

One CPU session a file, sequential, with the graph rewrites that change arithmetic left out; the number of threads splits
outputs, never a sum, so it does not change a bit of the result (tests/generation/test_determinism.py).
"""

import os
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import MissingPartError
from seedscape.assets.weights import read_weights

_threads: int | None = None


def use_threads(count: int | None) -> None:
    """How many threads networks may use from now on; None: one a core. Sessions already open keep theirs."""
    global _threads
    if count != _threads:
        _threads = count
        open_network.cache_clear()


class Network:
    """A loaded network: call it with its inputs by name."""

    def __init__(self, data: bytes, name: str) -> None:
        try:
            import onnxruntime as ort
        except ImportError as error:
            raise MissingPartError("expected the package onnxruntime, got none; pip install onnxruntime") from error
        options = ort.SessionOptions()
        options.intra_op_num_threads = (
            _threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        )
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # big activations go back to the system between calls
        try:
            self._session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has its own exceptions, none of them public
            text = str(error).splitlines()[0][:200]
            raise MissingPartError(
                f"expected a network in {name}, got {text}; reinstall seedscape to repair it"
            ) from error

    def __call__(self, **inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The first output for float32 inputs."""
        result: NDArray[np.float32] = np.asarray(self._session.run(None, inputs)[0], np.float32)
        return result


@lru_cache(maxsize=4)
def open_network(name: str) -> Network:
    """The shipped network of that file name."""
    return Network(read_weights(name), name)


def grain(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """(shape) float32 noise, nearly normal with unit variance: four drawn bytes a value, summed (Irwin-Hall).

    Integers and one multiplication, so the same on every machine.
    """
    count = int(np.prod(shape))
    octets = np.frombuffer(rng.bytes(4 * count), np.uint8).reshape(4, *shape)
    total = octets.astype(np.int32).sum(axis=0) - 510
    return np.asarray(total * np.float32(1.0 / 147.8), np.float32)  # variance of the sum: 4 (256^2 - 1) / 12
