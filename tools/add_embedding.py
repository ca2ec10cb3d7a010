"""Gives a model file that was exported without an embedding one: the input of its last layer.

    tools/add_embedding.py models/emotiond-small.tflite

Its logits stay the same, so its figures hold; its hash is another. Then make its background anew.
"""

import sys
from pathlib import Path

from emotiond.errors import EmotiondError
from emotiond_export.embedding import add_embedding


def main() -> int:
    """Change the files that the command line names."""
    try:
        for name in sys.argv[1:]:
            add_embedding(Path(name))
    except EmotiondError as error:
        sys.exit(f"add_embedding: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
