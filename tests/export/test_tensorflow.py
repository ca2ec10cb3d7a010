"""Keras as training and export use it, whatever the user has set for other programs."""

import subprocess
import sys
from pathlib import Path

import pytest

OURS = "float32 float32 channels_last 1e-07 tensorflow"
SHOW = """
import keras
config = keras.config
policy = keras.layers.Dense(1).dtype_policy.name
print(config.floatx(), policy, config.image_data_format(), config.epsilon(), config.backend())
"""
THEIRS = (
    '{"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.1, "backend": "jax"}'
)


def shown(code: str, home: Path, environment: dict[str, str]) -> str:
    kept = {key: value for key, value in environment.items() if not key.startswith("KERAS_")}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.parametrize("before", ["", "import os; os.environ['KERAS_BACKEND'] = 'tensorflow'"])
def test_keras_json_of_the_user_changes_nothing(tmp_path, environment, before):
    """Also where Keras was imported by somebody else first."""
    keras_json = tmp_path / ".keras" / "keras.json"
    keras_json.parent.mkdir()
    keras_json.write_text(THEIRS)
    first = f"{before}\nimport keras\n" if before else ""
    ours = "from emotiond_export.tensorflow import import_tensorflow as ours\nours()\n"
    assert shown(first + ours + SHOW, tmp_path, environment) == OURS
    assert keras_json.read_text() == THEIRS


def test_a_keras_json_that_keras_refuses_stops_nothing(tmp_path, environment):
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text('{"floatx": "float8"}')
    ours = "from emotiond_export.tensorflow import import_tensorflow as ours\nours()\n"
    assert shown(ours + SHOW, tmp_path, environment) == OURS
