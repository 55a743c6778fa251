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
"""What the collector says of itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from cdst_ros.nodes.collecting.session import Session
from cdst_ros.recordings.collecting.collection import Progress
from cdst_ros.recordings.collecting.rejection import Reason
from cdst_ros.recordings.sequences import MeasuredNoise

#: Fewer dropped frames than this within the window are no complaint.
_OFTEN = 3
#: What drops frames without being a fault: resting, and for the writer a few.
_HARMLESS = frozenset({Reason.UNMOVED.value})
#: The writer may be too slow for this share of the frames.
_BUSY_SHARE = 0.3
#: Depths that sigma is told at [m].
_TOLD_M = (0.5, 1.0, 2.0, 3.0, 5.0)


class Standing(NamedTuple):
    """
    What is known of the collector at one moment.

    :param state: unconfigured, inactive, idle, collecting or holding still
    :param recording: folder
    :param progress: of the session, or of the last one
    :param session: that goes on
    :param noise: of the sensor, where it was measured
    """

    state: str
    recording: str
    progress: Progress | None
    session: Session | None
    noise: MeasuredNoise | None


def status_of(standing: Standing) -> dict[str, Any]:
    """Return it as JSON values."""
    values: dict[str, Any] = {'state': standing.state, 'recording': standing.recording}
    progress = standing.progress
    if progress is not None:
        values |= {
            'frames': progress.frames,
            'bytes': progress.size,
            'disk_free_bytes': progress.free,
            'sequence': progress.sequence,
            **progress.counts._asdict(),
        }
    values['noise'] = None if standing.noise is None else standing.noise.to_json()
    values['complaints'] = _complaints(standing)
    return values


def health_of(standing: Standing) -> DiagnosticStatus:
    """Return it for /diagnostics."""
    complaints = _complaints(standing)
    level, message = DiagnosticStatus.OK, _message(standing)
    if complaints:
        level, message = DiagnosticStatus.WARN, '; '.join(complaints)
    session = standing.session
    if session is not None and session.window.recent(f'dropped/{Reason.UNWRITTEN.value}'):
        level = DiagnosticStatus.ERROR
    values = [KeyValue(key=k, value=v) for k, v in _values(standing).items()]
    return DiagnosticStatus(level=level, message=message, values=values)


def told(noise: MeasuredNoise) -> str:
    """Return sigma(z) in a few words, at depths that were seen nearly."""
    low, high = min(noise.depths, default=0.0), max(noise.depths, default=0.0)
    model = noise.model
    depths = [z for z in _TOLD_M if 0.8 * low <= z <= 1.2 * high] or [(low + high) / 2]
    sigmas = [
        f'{1000 * (model.constant + z * (model.linear + z * model.quadratic)):.2f} mm at {z:g} m'
        for z in depths
    ]
    return f'sigma is {", ".join(sigmas)}, from {noise.frames} still depth images'


def counted(dropped: dict[str, int]) -> str:
    """Return counts by reason in a few words."""
    return ', '.join(f'{number} {reason}' for reason, number in dropped.items()) or 'none'


def _message(standing: Standing) -> str:
    progress, session = standing.progress, standing.session
    if session is None or progress is None:
        if standing.state == 'idle':
            return 'idle: call ~/start_collecting to collect'
        return standing.state
    rate = session.window.rate('kept')
    return f'{standing.state}, {progress.frames} frames, {rate:.1f} more a second'


def _complaints(standing: Standing) -> list[str]:
    session = standing.session
    if session is None:
        return []
    found = [session.source.explain_silence()] if session.silent() else []
    if session.enlarged:
        found.append(session.enlarged)
    window = session.window
    for reason in window.totals('dropped/'):
        lately = window.recent(f'dropped/{reason}')
        if reason in _HARMLESS or lately < _OFTEN:
            continue
        if reason == Reason.BUSY.value and lately <= _BUSY_SHARE * window.recent('in'):
            continue
        found.append(f'frames are not kept lately: {reason}')
    if window.recent('without extrinsics') >= _OFTEN:
        found.append('frames lately without extrinsics')
    return found


def _values(standing: Standing) -> dict[str, str]:
    values = {'state': standing.state, 'recording': standing.recording}
    progress, session = standing.progress, standing.session
    if session is not None:
        values['input rate [Hz]'] = f'{session.window.rate("in"):.2f}'
        values['kept rate [Hz]'] = f'{session.window.rate("kept"):.2f}'
    if progress is not None:
        values |= {
            'frames': str(progress.frames),
            'size [GB]': f'{progress.size / 1e9:.3f}',
            'disk left [GB]': 'unknown' if progress.free is None else f'{progress.free / 1e9:.1f}',
            'sequence': str(progress.sequence),
            'offered': str(progress.counts.offered),
            'kept': str(progress.counts.kept),
        }
        for reason, number in progress.counts.dropped.items():
            values[f'dropped: {reason}'] = str(number)
    if standing.noise is not None:
        values['noise'] = told(standing.noise)
    return values
