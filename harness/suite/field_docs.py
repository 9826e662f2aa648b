"""What the string under a field says: the description of an option, for editors and for `harness ls`."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from itertools import pairwise

from pydantic import BaseModel


def field_docs(kind: type) -> dict[str, str]:
    """Field of a dataclass or a pydantic model -> the docstring under it, inherited ones included.

    A class keeps no such strings at run time, so its source is parsed; a class without source has none.
    """
    fields = kind.model_fields if issubclass(kind, BaseModel) else {f.name for f in dataclasses.fields(kind)}
    docs: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        if not inspect.get_annotations(owner).keys() & set(fields):
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
        except (OSError, TypeError, SyntaxError):
            continue
        body = tree.body[0].body if tree.body and isinstance(tree.body[0], ast.ClassDef) else []
        for field, below in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and (text := _text(below)):
                docs[field.target.id] = text
    return docs


def _text(statement: ast.stmt) -> str | None:
    """The words of a statement that is a string and nothing else."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return " ".join(value.value.split())
    return None
