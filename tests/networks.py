"""Networks for tests, made of a shipped one."""

from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder


def with_embedding(flatbuffer: bytes, names: tuple[str, str] = ("logits", "embedding")) -> bytes:
    """Return a network with one more output: the input of its last layer.

    Parameters
    ----------
    flatbuffer : bytes
        A TFLite network whose only output is the logits, as its last layer gives them.
    names : tuple of str
        Names of the outputs in the signature. The order of the outputs is the other one.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    graph, [signature] = model.subgraphs[0], model.signatureDefs
    last = graph.operators[-1]
    signature.outputs = []
    graph.outputs = [last.inputs[0], last.outputs[0]]
    for name, index in zip(names, reversed(graph.outputs), strict=True):
        output = schema.TensorMapT()
        output.name, output.tensorIndex = name, index
        signature.outputs.append(output)
    builder = Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
