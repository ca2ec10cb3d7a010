"""The pictures in docs/: those of the console are of this version, those of the hub are small."""

import importlib.util
import re
from pathlib import Path

HOUSE = Path(__file__).parents[1]
MOST_BYTES = 100_000
MOST_HUB_BYTES = 150_000


def test_the_pictures_in_docs_show_the_console_as_it_is() -> None:
    specification = importlib.util.spec_from_file_location(
        "make_pictures", HOUSE / "tools" / "make_pictures.py"
    )
    assert specification is not None
    assert specification.loader is not None
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    for path, picture in tool.pictures().items():
        assert path.read_text(encoding="utf-8") == picture, f"{path.name} is old: make pictures"
        assert len(picture) < MOST_BYTES
    assert all(path.stat().st_size < MOST_BYTES for path in tool.FOLDER.glob("*.png"))


def test_the_pictures_of_the_hub_are_small_and_on_its_page() -> None:
    pictures = sorted((HOUSE / "docs" / "hub").glob("*.png"))
    page = (HOUSE / "docs" / "HUB.md").read_text()
    assert {each.name for each in pictures} == set(re.findall(r"hub/([\w-]+\.png)", page))
    assert all(each.stat().st_size < MOST_HUB_BYTES for each in pictures)
