"""The word embeddings of a model file, moved into `embeddings.npy` and `scales.npy` beside it.

Spanish pieces start at the mean of their translations' embeddings (vocabulary.py), so the table is a dictionary between
the languages: "horse" and "caballo" are one direction. As ONNX's external data, which may begin anywhere in a file, the
same bytes serve ONNX Runtime and numpy. The model computes what it did, bit for bit.

    python recipes/sentences/tables.py FOLDER    for FOLDER/model.onnx
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.external_data_helper import set_external_data

TABLE, SCALES = "embeddings.npy", "scales.npy"  # int8 (V, D), and float32 (V, 1) that each row is multiplied by


def move_embeddings(path: Path) -> None:
    """Writes the two files and the model without them. Raises ValueError where it has no int8 table of embeddings."""
    model = onnx.load(str(path), load_external_data=False)
    for tensor, name in zip(_embeddings(model.graph), (TABLE, SCALES), strict=True):
        values = np.ascontiguousarray(numpy_helper.to_array(tensor))
        np.save(path.with_name(name), values)
        size = path.with_name(name).stat().st_size
        tensor.ClearField("raw_data")
        tensor.ClearField("int32_data")
        tensor.ClearField("float_data")
        tensor.raw_data = values.tobytes()  # which the next line marks as kept elsewhere
        set_external_data(tensor, name, offset=size - values.nbytes, length=values.nbytes)
        tensor.ClearField("raw_data")
    path.write_bytes(model.SerializeToString())


def _embeddings(graph: onnx.GraphProto) -> tuple[onnx.TensorProto, onnx.TensorProto]:
    """The table (V, D) int8 and the scale of each of its rows (V, 1)."""
    tables = [i for i in graph.initializer if i.data_type == TensorProto.INT8 and len(i.dims) == 2]
    for table in sorted(tables, key=lambda i: -i.dims[0])[:1]:
        for scale in graph.initializer:
            if list(scale.dims) == [table.dims[0], 1]:
                return table, scale
    raise ValueError("the model has no table of int8 embeddings with a scale a row; export it with small=True")


if __name__ == "__main__":
    move_embeddings(Path(sys.argv[1]) / "model.onnx")
