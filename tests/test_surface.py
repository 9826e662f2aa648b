"""The shape of the project, held by reflection: one direction of imports, a light start, documented hooks."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import hookspecs, host

ROOT = Path(__file__).parents[1]

LAYERS = (
    ("harness.errors", "harness.version", "harness.long_lived", "harness.user_cache"),
    ("harness.digest", "harness.hub"),
    ("harness.examples",),
    ("harness.conversions", "harness.training", "harness.batch", "harness.search_space"),
    ("harness.method", "harness.column", "harness.evaluator", "harness.source", "harness.judging"),
    ("harness.hookspecs",),
    ("harness",),
    ("harness.source_digest", "harness.host"),
    ("harness.suite", "harness.run"),
    ("harness.model_files",),
    ("harness.study_records",),
    ("harness.records", "harness.upgrades", "harness.provenance", "harness.reporter"),
    ("harness.audit_record", "harness.baseline_records"),
    ("harness.audit_checks", "harness.run.steps"),
    ("harness.store", "harness.statistics", "harness.run.evaluation_record"),
    ("harness.board",),
    ("harness.gate",),
    ("harness.render",),
    ("harness.report",),
    ("harness.figures",),
    ("harness.page",),
    ("harness.export",),
    ("harness.engine",),
    ("harness.audit",),
    ("harness.run.contents",),
    ("harness.run.inputs", "harness.run.column_store", "harness.run.example_sets", "harness.run.known_logps"),
    ("harness.run.plan", "harness.run.ending"),
    ("harness.run.crew", "harness.run.schedule"),
    ("harness.run.models",),
    ("harness.run.lending",),
    ("harness.run.columns", "harness.run.surroundings"),
    ("harness.judges",),
    ("harness.run.subject",),
    ("harness.run.execute",),
    ("harness.run.processes",),
    ("harness.run.side_by_side",),
    ("harness.run.run_plan",),
    ("harness.tuning",),
    ("harness.run.manifest",),
    ("harness.run.suite_run",),
    ("harness.doctor",),
    ("harness.cli", "harness.__main__"),
)
"""Bottom to top. A module stands in the layer of its longest named prefix, and imports from there and below."""

FACADE = LAYERS.index(("harness",))
"""Up to here reaches what plugins may import."""

BOARD = (
    "harness.records",
    "harness.upgrades",
    "harness.statistics",
    "harness.board",
    "harness.gate",
    "harness.render",
    "harness.report",
    "harness.figures",
    "harness.page",
)
"""What makes boards of records alone."""

FOLDERS = ("harness", "plugins/harness_plugins", "tests")


def name_of(path: Path) -> str:
    relative = path.relative_to(ROOT).with_suffix("")
    return ".".join(relative.parts).removesuffix(".__init__").removeprefix("plugins.")


MODULES = {name_of(path): path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))}
HARNESS = {name: path for name, path in MODULES.items() if name.split(".")[0] == "harness"}
PLUGINS = {name: path for name, path in MODULES.items() if name.split(".")[0] == "harness_plugins"}


def imports(module: str) -> Iterator[str]:
    """Absolute names of the modules that a module imports, anywhere in it."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in MODULES else base


def layer(module: str) -> int:
    """Index into LAYERS.

    Raises:
        LookupError: the module stands in no layer.
    """
    found = {name: index for index, names in enumerate(LAYERS) for name in names if name != "harness"}
    if module == "harness":
        return FACADE
    prefix = module
    while prefix:
        if prefix in found:
            return found[prefix]
        prefix = prefix.rpartition(".")[0]
    raise LookupError(f"{module} stands in no layer of tests/test_surface.py: add it where it belongs")


def reached(module: str) -> set[str]:
    """Everything a module imports, directly or through modules of the harness."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for name in imports(waiting.pop()):
            if name not in found:
                found.add(name)
                if name in HARNESS:
                    waiting.append(name)
    return found


@pytest.mark.parametrize("module", HARNESS)
def test_imports_go_one_way(module: str):
    upward = [name for name in imports(module) if name in HARNESS and layer(name) > layer(module)]
    assert not upward, f"{module} imports what stands above it"


def test_a_module_that_stands_nowhere_is_noticed():
    with pytest.raises(LookupError, match=r"harness\.utils stands in no layer"):
        layer("harness.utils")


@pytest.mark.parametrize("module", HARNESS)
def test_the_host_knows_no_plugin(module: str):
    assert not [name for name in imports(module) if name.split(".")[0] == "harness_plugins"]


@pytest.mark.parametrize("module", PLUGINS)
def test_our_plugins_use_only_what_a_stranger_may(module: str):
    beyond = [name for name in imports(module) if name in HARNESS and layer(name) > FACADE]
    assert not beyond, f"{module} imports what is not for plugins"


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_the_folder_of_plugins(module: str):
    assert not [name for name in imports(module) if name.split(".")[0] == "plugins"]


@pytest.mark.parametrize("module", [name for name in HARNESS if name.startswith(BOARD)])
def test_a_board_is_made_from_records_without_torch_host_or_plugins(module: str):
    forbidden = ("torch", "transformers", "harness_plugins", "harness.host", "harness.engine")
    assert not [name for name in reached(module) if name.startswith(forbidden)]


@pytest.mark.parametrize("statement", ["import harness", "import harness.cli", "import harness.board, harness.render"])
def test_torch_is_not_loaded_by(statement: str):
    heavy = "{'torch', 'transformers', 'datasets', 'pandas', 'scipy', 'sklearn', 'statsmodels'}"
    code = f"import sys; {statement}; print(*sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_loading_every_plugin_of_ours_loads_no_torch():
    code = (
        "import sys; from harness import host\n"
        "ours = [e for e in host.installed() if e.dist.name == 'alignment-harness']\n"
        "assert host.load(ours).plugins; print(*sorted({'torch', 'transformers'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("module", MODULES)
def test_no_file_is_longer_than_400_lines(module: str):
    assert len(MODULES[module].read_text().splitlines()) <= 400


def test_the_host_loads_every_hook_there_is():
    specified = [name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")]
    assert sorted(host.HOOKS) == sorted(specified)


@pytest.mark.parametrize("hook", host.HOOKS)
def test_every_hook_is_documented_with_an_example_and_has_a_test(hook: str):
    page = (ROOT / "docs" / "plugins.md").read_text()
    assert f"`{hook}()`" in page
    assert f"@harness.hookimpl\ndef {hook}():" in page
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if f"\ndef test_hook_{hook}" in path.read_text()]
    assert tests, f"no test is called test_hook_{hook}..."


@pytest.mark.parametrize("kind", [base for _, base in host.HOOKS.values()], ids=lambda base: base.__name__)
def test_everything_an_author_may_define_is_documented(kind: type):
    page = (ROOT / "docs" / "plugins.md").read_text()
    public = [name for name in vars(kind) if not name.startswith("_")]
    assert not [name for name in public if name not in page], (
        f"harness.{kind.__name__} has more than docs/plugins.md says"
    )
