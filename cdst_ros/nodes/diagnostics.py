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
"""What /diagnostics says of the superres node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from cdst_ros.nodes.window import Window
from cdst_ros.superres.engine import EngineInfo

#: Stamps that are further from the clock than this are of another clock [s].
_OTHER_CLOCK_S = 600.0
#: Dropping more than this share of the frames is worth a warning.
_DROPPED_SHARE = 0.05
#: Fewer than this within the window are no complaint: topics are not discovered all at once.
_OFTEN = 3


@dataclass(frozen=True)
class ColorHealth:
    """
    What is known of colour, where it is asked for.

    :param topic: of the images
    :param guided: the engine of frames with colour; None where only clouds take it
    :param lacking: why the last frame had none, in one or two words; empty where it had
    :param reason: the same for a person to read
    :param misregistration: how far it lies beside depth [px of the output]; None: not known
    """

    topic: str
    guided: EngineInfo | None = None
    lacking: str = ''
    reason: str = ''
    misregistration: float | None = None


@dataclass(frozen=True)
class Health:
    """
    What is known of the node at one moment.

    :param state: unconfigured, inactive, idle (lazy, nobody listens) or active
    :param engine: None before configuration
    :param refusal: why the last transition failed; empty if it did not
    :param warnings: lasting ones, such as a model that could not be swapped in
    :param silent: whether input is overdue
    :param topic: the input; empty while not subscribed
    :param color: None where nobody asks for colour
    :param building: how far an engine is that takes long to build; empty where there is none
    """

    state: str
    window: Window
    engine: EngineInfo | None = None
    refusal: str = ''
    warnings: tuple[str, ...] = ()
    silent: bool = False
    topic: str = ''
    building: str = ''
    color: ColorHealth | None = None


def diagnose(health: Health, name: str, stamp: Any) -> DiagnosticArray:
    """
    Return the message for /diagnostics.

    :param name: of the node
    :param stamp: builtin_interfaces/Time
    """
    level, message = _judge(health)
    status = DiagnosticStatus(
        level=level, name=f'{name}: depth super-resolution', message=message, hardware_id=name
    )
    status.values = [KeyValue(key=k, value=v) for k, v in _values(health).items()]
    array = DiagnosticArray(status=[status])
    array.header.stamp = stamp
    return array


def _judge(health: Health) -> tuple[Any, str]:
    if health.refusal:
        return DiagnosticStatus.ERROR, health.refusal
    if health.state != 'active':
        return DiagnosticStatus.OK, (
            'idle: nobody listens' if health.state == 'idle' else health.state
        )
    complaints = [*health.warnings, *_complaints(health)]
    if complaints:
        return DiagnosticStatus.WARN, '; '.join(complaints)
    building = f'; {health.building}' if health.building else ''
    return DiagnosticStatus.OK, f'active, {health.window.rate("out"):.1f} Hz{building}'


def _complaints(health: Health) -> list[str]:
    window = health.window
    found = [f'nothing arrives on {health.topic}'] if health.silent else []
    arrived = max(window.recent('in'), 1)
    for reason in window.totals('dropped/'):
        lost = window.recent(f'dropped/{reason}')
        if reason != 'superseded' and lost:
            found.append(f'{lost} frames dropped lately: {reason}')
        elif lost > _DROPPED_SHARE * arrived:
            found.append(f'slower than the input: {lost} of {arrived} frames superseded lately')
    if health.color is not None and health.color.guided is not None:
        for reason in window.totals('without colour/'):
            lacked = window.recent(f'without colour/{reason}')
            if lacked >= _OFTEN:
                found.append(f'{lacked} frames lately without colour: {reason}')
    for event in ('without camera_info', 'camera_info refused', 'nothing valid'):
        if window.recent(event) >= _OFTEN:
            found.append(f'{window.recent(event)} frames lately: {event}')
    return found


def _values(health: Health) -> dict[str, str]:
    window = health.window
    values = {'state': health.state, 'input': health.topic}
    if health.engine is not None:
        e = health.engine
        values |= {
            'engine': e.engine,
            'model': e.model,
            'precision': e.precision,
            'device': e.device,
            'scale': str(e.scale),
            'alignment': e.alignment.value,
        }
        if e.reason:
            values['chosen'] = e.reason
    if health.color is not None:
        values |= _color(health.color)
    if health.building:
        values['building'] = health.building
    values |= {
        'input rate [Hz]': f'{window.rate("in"):.2f}',
        'output rate [Hz]': f'{window.rate("out"):.2f}',
        'frames in': str(window.total('in')),
        'frames out': str(window.total('out')),
    }
    for reason, total in sorted(window.totals('dropped/').items()):
        values[f'dropped: {reason}'] = str(total)
    for reason, total in sorted(window.totals('without colour/').items()):
        values[f'without colour: {reason}'] = str(total)
    for event in (
        'with colour',
        'without camera_info',
        'camera_info refused',
        'nothing valid',
        'stamps ran back',
        'unforeseen',
    ):
        if window.total(event):
            values[event] = str(window.total(event))
    return values | _latencies(window)


def _color(color: ColorHealth) -> dict[str, str]:
    values = {'colour': color.topic}
    if color.guided is not None:
        values['guided model'] = f'{color.guided.model} on {color.guided.engine}'
    if color.lacking:
        values['colour is not used'] = color.reason
    off = color.misregistration
    values['colour lies beside depth by [px]'] = 'not known' if off is None else f'{off:.1f}'
    return values


def _latencies(window: Window) -> dict[str, str]:
    values = {}
    for stage, spread in window.spreads().items():
        if stage == 'age' and abs(spread.p50) > _OTHER_CLOCK_S:
            values['age [ms]'] = (
                'unknown: the stamps are not of this clock (a bag? play it with --clock and set '
                'use_sim_time)'
            )
            continue
        values[f'{stage} [ms]'] = f'p50 {1e3 * spread.p50:.2f}, max {1e3 * spread.max:.2f}'
    return values
