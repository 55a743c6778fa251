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
"""What /diagnostics says of the evaluator node."""

from __future__ import annotations

from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from cdst_ros.evaluation.live import LiveRun
from cdst_ros.evaluation.metrics.catalogue import FIGURES
from cdst_ros.evaluation.running import RECENT


def diagnose(noted: LiveRun, name: str, reference: str, stamp: Any) -> DiagnosticArray:
    """
    Return the message for /diagnostics.

    :param name: of the node
    :param reference: topic that is compared with; empty for none
    :param stamp: builtin_interfaces/Time
    """
    level, message = _judge(noted, reference)
    status = DiagnosticStatus(
        level=level, name=f'{name}: evaluation', message=message, hardware_id=name
    )
    status.values = [KeyValue(key=k, value=v) for k, v in _values(noted, reference).items()]
    array = DiagnosticArray(status=[status])
    array.header.stamp = stamp
    return array


def _judge(noted: LiveRun, reference: str) -> tuple[Any, str]:
    recent = noted.running.recent()
    if recent:
        return DiagnosticStatus.OK, (
            f'RMSE {recent["rmse_cm"]:.2f} cm, at edges {recent["edge_mae_cm"]:.2f} cm MAE'
        )
    if reference and noted.tally.frames_out:
        return DiagnosticStatus.WARN, (
            f'{noted.tally.frames_out} frames came out, none has been compared: {reference} has '
            'no image of the same stamp and size'
        )
    return DiagnosticStatus.OK, f'{noted.tally.frames_out} frames came out'


def _values(noted: LiveRun, reference: str) -> dict[str, str]:
    tally = noted.tally
    values = {
        'reference': reference,
        'frames in': str(tally.frames_in),
        'frames out': str(tally.frames_out),
        'frames compared': str(noted.running.frames),
        'frames kept': str(len(noted.samples)),
        'frames not scored: too busy': str(noted.unscored),
    }
    for what, figures in (
        ('all frames', noted.running.overall()),
        (f'last {RECENT} frames', noted.running.recent()),
    ):
        for figure in FIGURES:
            if figure.name in figures:
                values[f'{figure.label}, {what}'] = figure.told(figures[figure.name])
    return values
