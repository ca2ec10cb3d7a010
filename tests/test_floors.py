"""The house: imports between packages only go down, and no modules import each other in a circle.

FLOORS is the one place where the order is written. A room is a package, or a module beside the
packages; rooms of one floor don't import each other, but for those of the ground.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
ROOTS = {
    "emotiond_training": HOUSE / "training" / "emotiond_training",
    "emotiond_export": HOUSE / "export" / "emotiond_export",
    "emotiond": HOUSE / "daemon" / "emotiond",
}
"""Source roots, top floor first: each may import those behind it."""
FLOORS = {
    "emotiond": (
        ("__main__",),
        ("cli",),
        ("commands",),
        ("cluster", "hub"),
        ("",),
        ("api", "listener", "testing"),
        ("bench", "doctor", "teaching"),
        ("service",),
        ("history", "annotation"),
        ("terminal",),
        ("settings",),
        ("recognition",),
        ("model",),
        ("features",),
        ("sinks",),
        ("audio",),
        (
            "record",
            "errors",
            "text",
            "colours",
            "pictures",
            "hub_settings",
            "hook_settings",
            "mqtt_settings",
            "streams",
            "paths",
            "values",
            "keys",
            "pool",
        ),
    ),
    "emotiond_training": (
        ("commands",),
        ("card",),
        ("evaluation",),
        ("fitting",),
        ("recipe",),
        ("live",),
        ("splits",),
        ("augmentation",),
        ("networks",),
        ("corpora",),
        ("figures",),
        ("progress", "ranges", ""),
    ),
    "emotiond_export": (
        ("command",),
        ("files",),
        ("convert", "embedding", "parity"),
        ("training_run",),
        ("tensorflow", ""),
    ),
}
"""Rooms of each source root, top floor first; the empty name is the package itself."""


def modules(root: str) -> dict[str, Path]:
    """Return the modules of a source root: dotted name -> file."""
    found = {}
    for path in sorted(ROOTS[root].rglob("*.py")):
        parts = path.relative_to(ROOTS[root].parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = {name: path for root in ROOTS for name, path in modules(root).items()}


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of this house that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            # `from package import name` imports the module of that name where there is one.
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in full]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (name for name in names if name in MODULES)


def arrows() -> Iterator[tuple[str, str]]:
    """Yield every import of the house: who imports, and what."""
    for name, path in MODULES.items():
        yield from ((name, imported) for imported in imports(path) if imported != name)


def place(module: str) -> tuple[int, int, str]:
    """Return a module's source root and floor, counted from the top, and its room."""
    root, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    for floor, rooms in enumerate(FLOORS[root]):
        if room in rooms:
            return list(ROOTS).index(root), floor, room
    raise AssertionError(f"{module}: the room {room!r} of {root} stands on no floor of FLOORS")


def goes_up(importer: str, imported: str) -> bool:
    (root, floor, room), (other_root, other_floor, other_room) = map(place, (importer, imported))
    if root != other_root:
        return other_root < root
    ground = floor == len(FLOORS[importer.partition(".")[0]]) - 1
    return other_floor < floor or (other_floor == floor and room != other_room and not ground)


def test_imports_between_rooms_only_go_down() -> None:
    between = [pair for pair in arrows() if place(pair[0]) != place(pair[1])]
    print(f"{len(between)} imports between rooms")
    assert [f"{a} imports {b}" for a, b in between if goes_up(a, b)] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {name: set() for name in MODULES}
    for importer, imported in arrows():
        graph[importer].add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from error


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("emotiond.audio.files", "emotiond.features.mfcc"),
        ("emotiond.model.file", "emotiond_export.files"),
        ("emotiond.doctor.symptoms", "emotiond.bench.stages"),
        ("emotiond_training.corpora.clips", "emotiond_training.recipe"),
    ],
)
def test_an_import_that_goes_up_is_seen(importer: str, imported: str) -> None:
    assert goes_up(importer, imported)
    assert not goes_up(imported, importer) or place(importer)[1] == place(imported)[1]


def test_every_room_of_the_floors_exists() -> None:
    rooms = {(name.partition(".")[0], place(name)[2]) for name in MODULES}
    named = {(root, room) for root, floors in FLOORS.items() for each in floors for room in each}
    assert named == rooms
