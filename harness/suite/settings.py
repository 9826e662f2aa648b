"""A row's settings by their dotted names: options, options of options, and training settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from harness.column import Column
from harness.errors import SuiteError, nearest
from harness.method import Method
from harness.search_space import TRAINING, Setting
from harness.training import Training

Configured = TypeVar("Configured", Method, Column)


def setting(method: Method, training: Training, name: str) -> Any:
    """The value of one setting.

    Raises:
        SuiteError: there is no such setting.
    """
    if name.startswith(TRAINING):
        found: Any = training
        head = name.removeprefix(TRAINING)
    else:
        *outer, head = name.split(".")
        found = method
        for option in outer:
            found = _field(found, option, name)
    return _field(found, head, name)


def _field(of: Any, head: str, name: str) -> Any:
    known = list(Training.model_fields) if isinstance(of, Training) else []
    if isinstance(of, Method | Column):
        known = [field.name for field in dataclasses.fields(of)]
    if head not in known:
        what = "training setting" if name.startswith(TRAINING) else "option"
        raise SuiteError(f"{name!r}: there is no {what} {head!r}; {nearest(head, known)}")
    return getattr(of, head)


def with_settings(method: Method, training: Training, settings: Mapping[str, Setting]) -> tuple[Method, Training]:
    """The method and the training with these settings, and all others as they are.

    Raises:
        ValueError: a value is out of range.
        SuiteError: there is no such setting.
    """
    trained = {name.removeprefix(TRAINING): value for name, value in settings.items() if name.startswith(TRAINING)}
    for name, value in settings.items():
        setting(method, training, name)
        if not name.startswith(TRAINING):
            method = _with_option(method, name.split("."), value)
    return method, Training.model_validate({**training.model_dump(), **trained})


def _with_option(configured: Configured, path: list[str], value: Setting) -> Configured:
    head, *rest = path
    inner: Any = _with_option(getattr(configured, head), rest, value) if rest else value
    return dataclasses.replace(configured, **{head: inner})
