"""Networks for tests, made of a shipped one."""

import pytest


def without_embedding(flatbuffer: bytes) -> bytes:
    """Return the network of the small model with no output but the logits, as older files have it.

    Skips the test where LiteRT, which has the format of its files, is not installed.
    """
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    flatbuffers = pytest.importorskip("flatbuffers")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    graph, [signature] = model.subgraphs[0], model.signatureDefs
    graph.outputs = graph.operators[-1].outputs
    signature.outputs = [each for each in signature.outputs if each.tensorIndex in graph.outputs]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
