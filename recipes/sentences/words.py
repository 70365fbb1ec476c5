"""A second output of the model file, `words` (N, D): the mean of the word embeddings alone, before any layer.

Spanish pieces start at the mean of their translations' embeddings (vocabulary.py), so these vectors are a dictionary
between the languages: "horse" and "caballo" are one direction. ONNX Runtime computes only what is asked for, so that a
word costs a look into a table. `vectors` stays what it was, bit for bit.

    python recipes/sentences/words.py FOLDER    adds it to FOLDER/model.onnx
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUTPUT = "words"
TINY = 1e-6  # of a length: no pieces, no direction


def add_words(path: Path) -> None:
    """Writes the output into the file; a file that has it stays as it is. Raises ValueError where it has no int8 table
    of embeddings."""
    model = onnx.load(str(path))
    graph = model.graph
    if any(output.name == OUTPUT for output in graph.output):
        return
    table, scale = _embeddings(graph)
    rows = numpy_helper.to_array(table).astype(np.float32) * numpy_helper.to_array(scale).reshape(-1, 1)  # (V, D)
    constants = {"centre": rows.mean(0), "axis": np.array([1], np.int64), "last": np.array([-1], np.int64),
                 "tiny": np.array(TINY, np.float32)}  # fmt: skip
    graph.initializer.extend(numpy_helper.from_array(v, f"words_{name}") for name, v in constants.items())
    for kind, inputs, name in [
        ("Gather", [table.name, "ids"], "pieces"), ("Gather", [scale.name, "ids"], "scales"),
        ("Cast", ["words_pieces"], "float"), ("Mul", ["words_float", "words_scales"], "scaled"),
        ("Sub", ["words_scaled", "words_centre"], "centred"), ("Cast", ["mask"], "mask"),
        ("Unsqueeze", ["words_mask", "words_last"], "column"), ("Mul", ["words_centred", "words_column"], "kept"),
        ("ReduceSum", ["words_kept", "words_axis"], "sum"), ("ReduceL2", ["words_sum", "words_last"], "length"),
        ("Max", ["words_length", "words_tiny"], "divisor"), ("Div", ["words_sum", "words_divisor"], ""),
    ]:  # fmt: skip
        options = {"to": TensorProto.FLOAT} if kind == "Cast" else {}
        options |= {"keepdims": 0} if name == "sum" else {}
        output = f"words_{name}" if name else OUTPUT
        graph.node.append(helper.make_node(kind, inputs, [output], name=f"node_{output}", **options))
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", rows.shape[1]]))
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _embeddings(graph: onnx.GraphProto) -> tuple[onnx.TensorProto, onnx.TensorProto]:
    """The table (V, D) int8 and the scale of each of its rows (V, 1)."""
    tables = [i for i in graph.initializer if i.data_type == TensorProto.INT8 and len(i.dims) == 2]
    for table in sorted(tables, key=lambda i: -i.dims[0])[:1]:
        for scale in graph.initializer:
            if list(scale.dims) == [table.dims[0], 1]:
                return table, scale
    raise ValueError("the model has no table of int8 embeddings with a scale a row; export it with small=True")


if __name__ == "__main__":
    add_words(Path(sys.argv[1]) / "model.onnx")
