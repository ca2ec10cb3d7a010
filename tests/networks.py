"""Networks for tests, made of a shipped one."""

import pytest


def with_embedding(flatbuffer: bytes, names: tuple[str, str] = ("logits", "embedding")) -> bytes:
    """Return a network with one more output: the input of its last layer.

    Parameters
    ----------
    flatbuffer : bytes
        A TFLite network whose only output is the logits, as its last layer gives them.
    names : tuple of str
        Names of the outputs in the signature. The order of the outputs is the other one.

    Skips the test where LiteRT, which has the format of its files, is not installed.
    """
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    flatbuffers = pytest.importorskip("flatbuffers")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    graph, [signature] = model.subgraphs[0], model.signatureDefs
    last = graph.operators[-1]
    signature.outputs = []
    graph.outputs = [last.inputs[0], last.outputs[0]]
    for name, index in zip(names, reversed(graph.outputs), strict=True):
        output = schema.TensorMapT()
        output.name, output.tensorIndex = name, index
        signature.outputs.append(output)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
