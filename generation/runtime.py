"""ONNX Runtime: runs the shipped networks, without torch.

Every session runs on one thread. Two threads were measured to change last bits (the refiner, for some window sizes: the work
is cut into other blocks, whose sums run in another order), so work is shared out whole instead: a material to a thread
(material.py, `generate_materials`), and the number of threads cannot reach the result.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import MissingPartError
from seedscape.assets.weights import read_weights
from seedscape.generation.rng import lattice_words


class Network:
    """A loaded network: call it with its inputs by name.

    weights: for a graph that keeps none of its own, by name. sizes: for the sizes it leaves open, where they are known
    beforehand: the network is then laid out for them, which is faster.
    """

    def __init__(
        self,
        data: bytes,
        name: str,
        weights: Mapping[str, NDArray[np.float32]] = MappingProxyType({}),
        sizes: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        try:
            import onnxruntime as ort
        except ImportError as error:
            raise MissingPartError("expected the package onnxruntime, got none; pip install onnxruntime") from error
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = True
        try:
            if weights:
                values = [ort.OrtValue.ortvalue_from_numpy(value) for value in weights.values()]
                options.add_external_initializers(list(weights), values)
            for axis, size in sizes.items():
                options.add_free_dimension_override_by_name(axis, size)
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
    return _bell(np.frombuffer(rng.bytes(4 * count), np.uint8).reshape(4, *shape))


def lattice_grain(row: int, col: int, rows: int, cols: int, seed: int, *path: str | int) -> NDArray[np.float32]:
    """(rows, cols) such noise for a window of an endless lattice, from the hash of each place."""
    r, c = np.arange(row, row + rows)[:, None], np.arange(col, col + cols)[None, :]
    words = lattice_words(r, c, seed, *path)
    return _bell(np.stack([(words >> np.uint64(shift)).astype(np.uint8) for shift in (0, 16, 32, 48)]))


def _bell(octets: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Sums of the four bytes along the first axis, scaled to unit variance."""
    total = octets.sum(axis=0, dtype=np.int32) - 510
    return np.asarray(total * np.float32(1.0 / 147.8), np.float32)  # variance of the sum: 4 (256^2 - 1) / 12
