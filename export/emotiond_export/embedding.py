"""An embedding for a model file that was exported without one: the input of its last layer."""

from pathlib import Path

import msgspec

from emotiond.errors import ModelError
from emotiond.model.contract import CONTRACT_VERSION, Outputs
from emotiond.model.file import read_model, write_model
from emotiond_export.training_run import EMBEDDING

OUTPUTS = Outputs("logits", EMBEDDING)


def add_embedding(path: Path) -> None:
    """Give a model file an embedding. Its logits stay the same; its hash is another.

    Parameters
    ----------
    path : Path
        Model file whose network ends in a dense layer.

    Raises
    ------
    ModelError
        If the file can't be read or written, or if it has an embedding.
    """
    contract, flatbuffer = read_model(path)
    if contract.embedding_size is not None:
        raise ModelError(f"model {path}: has an embedding already")
    network, size = with_embedding(flatbuffer)
    changed = msgspec.structs.replace(
        contract, version=CONTRACT_VERSION, outputs=OUTPUTS, embedding_size=size
    )
    write_model(path, network, changed)


def with_embedding(flatbuffer: bytes, outputs: Outputs = OUTPUTS) -> tuple[bytes, int]:
    """Return a network with one more output: the input of its last layer.

    Parameters
    ----------
    flatbuffer : bytes
        A TFLite network whose only output is the logits, as its last layer gives them.
    outputs : Outputs
        Names of both outputs.

    Returns
    -------
    bytes
        The network with the same weights.
    int
        Numbers of the embedding.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    graph, [signature] = model.subgraphs[0], model.signatureDefs
    last = graph.operators[-1]
    graph.outputs = [last.inputs[0], last.outputs[0]]
    signature.outputs = []
    for name, index in zip((outputs.embedding, outputs.logits), graph.outputs, strict=True):
        output = schema.TensorMapT()
        output.name, output.tensorIndex = name, index
        signature.outputs.append(output)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()), int(graph.tensors[last.inputs[0]].shape[-1])
