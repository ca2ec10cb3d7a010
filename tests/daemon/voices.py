"""Taught voices for the tests of the daemon: examples of a fake model with an embedding."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from emotiond.model.contract import Contract, Outputs
from emotiond.model.output import Output
from emotiond.model.profile import Example, Profile, example_of, new_profile
from emotiond.testing import fake_contract

EMBEDDING: dict[str, Any] = {"outputs": Outputs("logits", "embedding"), "embedding_size": 5}
"""Fields of the contract of a model with an embedding."""
CONTRACT = fake_contract(**EMBEDDING)
MONDAY = datetime(2026, 2, 2, 12, 0, 0, tzinfo=UTC)


def examples(
    labels: Iterable[str], contract: Contract = CONTRACT, *, clear: float = 3.0, **fields: Any
) -> list[Example]:
    """Return an example of each label, all different, near a place that belongs to the label."""
    made = []
    for number, label in enumerate(labels):
        random = np.random.default_rng([number, *label.encode()])
        place = np.random.default_rng([*label.encode()]).normal(size=contract.embedding_size)
        embedding = clear * place + random.normal(size=contract.embedding_size)
        logits = random.normal(size=len(contract.labels))
        output = Output(logits.astype(np.float32), embedding.astype(np.float32))
        given = {"origin": "teach", "recording": f"{label} {number}", "time": MONDAY, **fields}
        made.append(example_of(output, label, **given))
    return made


def profile_of(labels: Iterable[str], contract: Contract = CONTRACT, **fields: Any) -> Profile:
    """Return a profile with an example of each label."""
    return new_profile(contract).with_examples(examples(labels, contract, **fields))
