# Copyright 2026 cdst_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""``cdst-ros evaluate BAG --live``: the recording through the real nodes, over DDS."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cdst_ros.cli.failure import FAILURE, told_plainly
from cdst_ros.cli.progress import progress_bar

if TYPE_CHECKING:
    from cdst_ros.evaluation.report import Report
    from cdst_ros.nodes.live_evaluation import LiveEvaluation


def evaluate_live(evaluation: LiveEvaluation) -> None:
    """
    Play a recording through the live nodes, show the report, and write it where asked.

    :param evaluation: its ``json`` and ``html`` are the files that the user wants
    """
    from cdst_ros.cli.evaluation_view import show_report
    from cdst_ros.nodes.live_evaluation import run_live
    from cdst_ros.nodes.watch import RunError
    from cdst_ros.recordings.errors import RecordingError
    from cdst_ros.superres.engine import EngineError, ModelError

    # However we are asked to end, we leave by an exception, so that no process stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix='cdst_ros_') as folder:
        file = evaluation.json or Path(folder) / 'report.json'
        expected = (RunError, ModelError, EngineError, RecordingError, ValueError, OSError)
        with told_plainly(*expected), progress_bar('Starting') as bar:
            told = run_live(
                replace(evaluation, json=file),
                os.environ,
                lambda doing, done, total: bar(done, total, doing),
            )
            report = report_of(json.loads(file.read_text(encoding='utf-8')))
    show_report(report, report.protocol, speed=_speed(told))
    if report.broken:
        raise typer.Exit(FAILURE)


def report_of(values: dict[str, Any]) -> Report:
    """Return what the terminal shows of the report that ``RecordingReport.to_json`` wrote."""
    from cdst_ros.evaluation.report import Report, Row

    rows = []
    for row in values['rows']:
        rest = {key: value for key, value in row.items() if key not in _ROW}
        metrics = {name: _number(value) for name, value in row['metrics'].items()}
        intervals = {
            name: (_number(low), _number(high)) for name, (low, high) in row['intervals'].items()
        }
        rows.append(Row(row['method'], row['scale'], {}, rest, metrics, intervals))
    return Report(
        protocol=values['protocol'],
        conditions=values['conditions'],
        rows=rows,
        checked=values['checked'],
        broken=values['broken'],
        notes=values['notes'],
        verdict=values['verdict'],
    )


_ROW = ('method', 'scale', 'profile', 'metrics', 'intervals')


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _speed(told: dict[str, Any]) -> str:
    parts = [f'{told["frames_out"]} of {told["frames_in"]} frames came out']
    if told['dropped']:
        parts.append(f'{told["dropped"]} were dropped')
    if told['given_up']:
        parts.append(f'{told["given_up"]} were given up')
    latency = told['latency_ms']
    if latency is not None:
        parts.append(
            f'heard {latency["p50"]:.1f} ms after their input (median; p99 {latency["p99"]:.1f})'
        )
    return f'{", ".join(parts)}; {told["rmw"]}, {told["transport_profile"]}'
