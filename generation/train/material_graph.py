"""The material decoder as it runs: two ONNX graphs without weights, which are scaled for a style when one is asked for.

Fixed weights and sizes let ONNX Runtime keep its blocked channel layout through the whole network and join noise, convolution
and sum: half the time of one graph that scales its weights by the style itself. `generation/decoder.py` fills in both.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from seedscape.generation.decoder import EQUALISER
from seedscape.generation.models.material_gan import CELL, OUTPUTS, MaterialConfig

OPSET, IR_VERSION = 18, 9
SLOPE = 0.2


class _Graph:
    """Nodes and initialisers as they are added; every method returns the name of what it makes."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.values: list[Any] = []

    def node(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, name: str, *shape: int) -> str:
        """A weight that is handed in when the session is made: external data without a file."""
        value = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
        for key, text in (("location", "weights"), ("offset", "0"), ("length", str(4 * int(np.prod(shape))))):
            value.external_data.add(key=key, value=text)
        self.values.append(value)
        return name

    def constant(self, name: str, array: Any) -> str:
        self.values.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def conv(self, x: str, name: str, inputs: int, outputs: int) -> str:
        """3 x 3 with the weights `name`.weight and `name`.bias."""
        weights = (self.weight(f"{name}.weight", outputs, inputs, 3, 3), self.weight(f"{name}.bias", outputs))
        return self.node("Conv", (x, *weights), f"{name}.y", pads=[1, 1, 1, 1])

    def active(self, x: str) -> str:
        return self.node("LeakyRelu", (x,), f"{x}.active", alpha=SLOPE)

    def finish(self, name: str, inputs: dict[str, list[int | str]], output: str, shape: list[int | str]) -> bytes:
        graph = helper.make_graph(
            self.nodes, name,
            [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in inputs.items()],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)], self.values,
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        model.producer_name = "seedscape"
        return cast(bytes, model.SerializeToString(deterministic=True))


def cells_graph(config: MaterialConfig) -> bytes:
    """latents (1, L, rows, columns) -> cells (1, B, rows, columns), everything at 1/8 resolution."""
    a, b, *_ = config.widths
    graph = _Graph()
    x = graph.active(graph.conv("latents", "eighth.0", config.latent, a))
    x = graph.active(graph.conv(x, "eighth.1", a, a))
    y = graph.conv(x, "quarter.0", a, b)
    size: list[int | str] = ["rows", "columns"]
    return graph.finish("cells", {"latents": [1, config.latent, *size]}, y, [1, b, *size])


def texels_graph(config: MaterialConfig) -> bytes:
    """latents (1, L, rows, columns), cells (1, B, rows, columns), noise4, noise2, noise1 -> (1, 5, 8 rows, 8 columns)."""
    _, b, c, d = config.widths
    graph = _Graph()
    twice = graph.constant("twice", np.array([1, 1, 2, 2], np.float32))
    taps = np.array([1, 3, 3, 1], np.float32) / 8
    inputs: dict[str, list[int | str]] = {
        "latents": [1, config.latent, "rows", "columns"],
        "cells": [1, b, "rows", "columns"],
    }
    x = "cells"
    levels = ((4, "quarter", b, "halved", c), (2, "halved", c, "full", d), (1, "full", d, "", 0))
    for level, (scale, name, width, following, narrow) in enumerate(levels):
        inputs[f"noise{scale}"] = [1, 1, f"rows{scale}", f"columns{scale}"]
        wide = graph.node(
            "Resize", (x, "", twice), f"wide{scale}", mode="nearest", coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )  # fmt: skip
        kernel = graph.constant(f"taps{scale}", np.broadcast_to(taps[:, None] * taps, (width, 1, 4, 4)))
        pads = [2, 2, 1, 1] if level else [1, 1, 2, 2]
        smooth = graph.node("Conv", (wide, kernel), f"smooth{scale}", pads=pads, group=width)
        grain = graph.node("Conv", (f"noise{scale}", graph.weight(f"noise.{level}", width, 1, 1, 1)), f"grain{scale}")
        x = graph.active(graph.node("Add", (grain, smooth), f"sum{scale}"))
        x = graph.active(graph.conv(x, f"{name}.1", width, width))
        if following:
            x = graph.conv(x, f"{following}.0", width, narrow)
    made = graph.conv(x, "leave", d, OUTPUTS)
    # The linear path, a transposed convolution over 16 pixels with stride 8, as 2 x 2 cells to 8 x 8 pixels half a cell off.
    blocks = graph.weight("pca.weight", OUTPUTS * CELL * CELL, config.latent, 2, 2)
    blocks = graph.node("Conv", ("latents", blocks), "blocks", pads=[1, 1, 1, 1])
    spread = graph.node("DepthToSpace", (blocks,), "spread", blocksize=CELL, mode="CRD")
    half = CELL // 2
    ends = [graph.constant(name, np.array(v, np.int64)) for name, v in
            (("first", [half, half]), ("last", [-half, -half]), ("axes", [2, 3]))]  # fmt: skip
    linear = graph.node("Slice", (spread, *ends), "linear")
    whole = graph.node("Add", (made, linear), "whole")
    equaliser = graph.weight("equaliser.weight", OUTPUTS, OUTPUTS, EQUALISER, EQUALISER)
    y = graph.node("Conv", (whole, equaliser), "y", pads=[EQUALISER // 2] * 4)
    return graph.finish("texels", inputs, y, [1, OUTPUTS, "rows1", "columns1"])


def require_valid(data: bytes) -> bytes:
    """The graph, once ONNX's own checker has nothing against it but the weights that are not there."""
    model = onnx.load_from_string(data)
    for value in model.graph.initializer:
        if value.data_location == TensorProto.EXTERNAL:
            count = int(np.prod(value.dims))
            value.ClearField("external_data")
            value.data_location = TensorProto.DEFAULT
            value.raw_data = bytes(4 * count)
    onnx.checker.check_model(model, full_check=True)
    return data
