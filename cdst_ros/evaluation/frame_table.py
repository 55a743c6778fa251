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
"""Scores frame by frame as a table that any program reads."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from cdst_ros.evaluation.metrics.catalogue import FIGURES
from cdst_ros.evaluation.recording_report import RecordingReport

#: What stands before the figures.
_LEADING = ('frame', 'name', 'stamp_ns', 'sequence', 'scale', 'method', 'latency_ms')


def write_csv(report: RecordingReport, path: Path) -> None:
    """
    Write a row a frame, scale and method: figures by their names, empty where undefined.

    :raises OSError: when the file cannot be written
    """
    taken = {name for frame in report.frames for made in frame.metrics.values() for name in made}
    columns = [figure.name for figure in FIGURES if figure.name in taken]
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow([*_LEADING, *columns])
        for frame in report.frames:
            for method, made in frame.metrics.items():
                writer.writerow(
                    [
                        frame.index,
                        frame.name,
                        frame.stamp_ns,
                        frame.sequence,
                        frame.scale,
                        method,
                        _told(frame.latency_ms[method]),
                        *(_told(made.get(name, math.nan)) for name in columns),
                    ]
                )


def _told(value: float) -> str:
    return repr(value) if math.isfinite(value) else ''
