"""Event files by TensorBoard's own record writer and summaries."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.export.library import library
from harness.export.told import Told
from harness.export.tracker_run import Scalar, TrackerRun

LARGEST = 3.4028234e38
"""What 32 bits hold."""
TOO_LARGE = "{} (too large for TensorBoard)"


class EventFiles:
    """Event files under one folder, one for each run.

    Raises:
        HarnessError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._events = library("tensorboard.compat.proto.event_pb2", "tensorboard")
        self._summaries = library("tensorboard.compat.proto.summary_pb2", "tensorboard")
        self._records = library("tensorboard.summary.writer.record_writer", "tensorboard")
        self._hparams = library("tensorboard.plugins.hparams.summary_v2", "tensorboard")
        self._hparams_data = library("tensorboard.plugins.hparams.plugin_data_pb2", "tensorboard")
        self._hparams_metadata = library("tensorboard.plugins.hparams.metadata", "tensorboard")
        self._api = library("tensorboard.plugins.hparams.api_pb2", "tensorboard")
        self._text = library("tensorboard.plugins.text.summary_v2", "tensorboard")

    def write_run(self, place: str, run: TrackerRun, told: Told, hparams: Mapping[str, Scalar]) -> Counter[str]:
        """A run's event file; returns what 32 bits cannot hold, by name.

        Args:
            place: its folder, relative to that of all runs.
            run: what is written.
            told: its numbers, by the names that TensorBoard takes.
            hparams: its settings; none where it is no row of the HParams table.
        """
        too_large = Counter[str]()
        by_step: dict[int, dict[str, float]] = {}
        for name, curve in told.curves.items():
            for step, value in zip(curve.steps, curve.values, strict=True):
                by_step.setdefault(step, {})[name] = value
        by_step.setdefault(max(by_step, default=0), {}).update(told.figures)
        summaries = [(0, one) for one in self._words(run, told)]
        if hparams:
            summaries.append((0, self._began(run, hparams)))
        for step in sorted(by_step):
            summary = self._summaries.Summary()
            for name, value in by_step[step].items():
                if abs(value) > LARGEST:
                    too_large[TOO_LARGE.format(name)] += 1
                else:
                    summary.value.add(tag=name, simple_value=value)
            summaries.append((step, summary))
        if hparams:
            summaries.append((0, self._ended(run)))
        self._write(place, run.started, run.key, summaries)
        return too_large

    def write_overview(self, types: Mapping[str, type], metrics: Sequence[str], started: float) -> None:
        """What the HParams table has for columns; values are read from the runs."""
        made = [self._hparams.HParam(name) for name in types]
        config = self._hparams.hparams_config_pb(
            made, [self._hparams.Metric(name, display_name=name) for name in metrics], started
        )
        data = self._hparams_data.HParamsPluginData.FromString(config.value[0].metadata.plugin_data.content)
        kinds = {bool: self._api.DATA_TYPE_BOOL, float: self._api.DATA_TYPE_FLOAT64, str: self._api.DATA_TYPE_STRING}
        for info, kind in zip(data.experiment.hparam_infos, types.values(), strict=True):
            info.type = kinds[kind]
        config.value[0].metadata.plugin_data.content = data.SerializeToString(deterministic=True)
        self._write(".", started, "hparams", [(0, config)])

    def _words(self, run: TrackerRun, told: Told) -> list[Any]:
        """Tags, settings and names as text; the board's Markdown. JSON stands indented, which nothing in it can end."""
        facts = {"tags": run.tags, "settings": told.settings, "surroundings": told.surroundings}
        facts |= {"left out": run.left_out, "names": told.renamed}
        found = [
            self._text.text_pb(name, "\n".join("    " + line for line in json.dumps(fact, indent=1).split("\n")))
            for name, fact in facts.items()
            if fact
        ]
        if "leaderboard.md" in run.files:
            found.append(self._text.text_pb("board", run.files["leaderboard.md"].encode("utf-8", "replace")))
        return found

    def _began(self, run: TrackerRun, hparams: Mapping[str, Scalar]) -> Any:
        """A run's settings. TensorBoard leaves their order in the bytes to chance."""
        summary = self._hparams.hparams_pb(dict(hparams), run.key, run.started)
        held = summary.value[0].metadata.plugin_data
        held.content = self._hparams_data.HParamsPluginData.FromString(held.content).SerializeToString(
            deterministic=True
        )
        return summary

    def _ended(self, run: TrackerRun) -> Any:
        """That a run is over: TensorBoard shows one without this as running."""
        end = self._hparams_data.SessionEndInfo(
            status=self._api.STATUS_SUCCESS, end_time_secs=run.started + run.seconds
        )
        data = self._hparams_data.HParamsPluginData(session_end_info=end)
        summary = self._summaries.Summary()
        summary.value.add(
            tag=self._hparams_metadata.SESSION_END_INFO_TAG,
            metadata=self._hparams_metadata.create_summary_metadata(data),
            tensor=self._hparams_metadata.NULL_TENSOR,
        )
        return summary

    def _write(self, place: str, started: float, name: str, summaries: Sequence[tuple[int, Any]]) -> None:
        """One file. Its name has a time first, as TensorBoard reads files of one folder in the order of names."""
        folder = self._folder / place
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"events.out.tfevents.{max(0, int(started)):010d}.{name}").open("wb") as file:
            writer = self._records.RecordWriter(file)
            begin = self._events.Event(wall_time=started, file_version="brain.Event:2")
            writer.write(begin.SerializeToString(deterministic=True))
            for step, summary in summaries:
                event = self._events.Event(wall_time=started, step=step, summary=summary)
                writer.write(event.SerializeToString(deterministic=True))
