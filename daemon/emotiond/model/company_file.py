"""The company of taught examples, in a file beside the model.

The background has embeddings of noises, music and ordinary speech; a taught head calls such sounds
``none_of_these``. The prototypes stand for labels that were not taught. The file has the name of
the model file, with the ending ``.company.npz``.
"""

import zipfile
from pathlib import Path
from typing import Final

import numpy as np

from emotiond.errors import ModelError, reason
from emotiond.model.company import ALONE, Background, Company, Prototypes
from emotiond.model.contract import Contract

ENDING: Final = ".company.npz"
STEPS: Final = 127
"""Largest step of a quantised number: each is that of its coordinate's largest one."""


def company_file(model: Path) -> Path:
    """Return the file beside a model file that has the company, whether it exists or not."""
    return model.with_suffix(ENDING)


def read_company(model: Path, contract: Contract) -> Company:
    """Read the company of a model: background and prototypes.

    Parameters
    ----------
    model : Path
        The model file.
    contract : Contract
        Its contract.

    Returns
    -------
    Company
        Nothing if there is no such file, or only that of another model which once lay there.

    Raises
    ------
    ModelError
        If the file can't be read or is damaged.
    """
    path = company_file(model)
    try:
        with np.load(path) as arrays:
            if str(arrays["model"]) != contract.sha256:
                return ALONE
            embeddings = arrays["steps"] * arrays["scale"].astype(np.float32)
            background = Background(embeddings, arrays["own_logits"].astype(np.float32))
            prototypes = Prototypes(
                arrays["prototypes"].astype(np.float32),
                arrays["prototype_logits"].astype(np.float32),
            )
    except FileNotFoundError:
        return ALONE
    except OSError as error:
        raise ModelError(f"company {path}: {reason(error)}; install emotiond again") from error
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"company {path}: damaged; install emotiond again") from error
    labels = len(contract.reported)
    for part, count in ((background, len(background.embeddings)), (prototypes, labels)):
        shapes = [each.shape for each in part]
        if shapes != [(count, contract.embedding_size), (count, labels)] or not count:
            raise ModelError(f"company {path}: damaged; install emotiond again")
    return Company(background, prototypes)


def write_company(
    model: Path, contract: Contract, background: Background, prototypes: Prototypes
) -> Path:
    """Write the company of a model beside it, the background in 8 bits a number; return the file.

    Raises
    ------
    OSError
        If the file can't be written.
    """
    path = company_file(model)
    largest = np.abs(background.embeddings).max(axis=0)
    # Rounded up, so that no step is beyond the last one.
    scale = np.nextafter((largest / STEPS).astype(np.float16), np.float16(np.inf))
    steps = np.rint(background.embeddings / scale.astype(np.float32)).astype(np.int8)
    np.savez(
        path,
        model=np.array(contract.sha256),
        steps=steps,
        scale=scale,
        own_logits=background.own_logits.astype(np.float16),
        prototypes=prototypes.embeddings.astype(np.float16),
        prototype_logits=prototypes.own_logits.astype(np.float16),
    )
    return path
