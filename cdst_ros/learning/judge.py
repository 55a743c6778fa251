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
"""
The stage ``judge``: ``python -m cdst_ros.learning.judge JOB``.

The new model is held against the one it came from, and against the classical methods, on frames
that it has not learned from.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cdst_ros.evaluation.guard.decision import Decision, decide_by_reference
from cdst_ros.evaluation.guard.held_frame import HeldFrames, enlarger
from cdst_ros.evaluation.guard.matched import ERRORS, matched
from cdst_ros.evaluation.guard.watch import SYNTHETIC, guard
from cdst_ros.evaluation.html import MissingLibraryError, check_libraries, write_html
from cdst_ros.evaluation.plain import json_text
from cdst_ros.evaluation.procedural import views_of
from cdst_ros.evaluation.recording_report import RecordingReport
from cdst_ros.evaluation.recording_run import RecordingRequest, evaluate_recording
from cdst_ros.evaluation.report import Row
from cdst_ros.evaluation.verdict import FEWEST_FRAMES
from cdst_ros.learning.job import REPORT_HTML, REPORT_JSON, RESULT, Job
from cdst_ros.learning.sensor import sensor_of
from cdst_ros.learning.stages import PROFILE, judged, learned
from cdst_ros.recordings.atomic import write_file
from cdst_ros.recordings.fingerprint import fingerprint
from cdst_ros.recordings.reader import Recording
from cdst_ros.superres.contract import read_metadata, read_origin
from cdst_ros.superres.engines import open_engine

#: What decides, and how it is told; the whole interval has to say so.
DECIDING = {'edge_mae_cm': 'the error at edges', 'rmse_cm': 'the RMSE of all pixels'}
#: What is told beside it where it gets worse.
PRICES = {
    'flying_pixels': 'flying pixels',
    'phantom_cells': 'phantom cells',
    'thin_recall': 'losses of thin structures',
}


@dataclass(frozen=True)
class Judgement:
    """
    What the judge found.

    :param better: whether it may be offered: by a reference, one of ``DECIDING`` is less, and
        none is more, beyond chance, and synthetic frames are no worse; else the guard says so
    :param unseen: whether it is known that the model has not learned from these frames
    :param sentence: for a person
    :param model: name of the new one
    :param against: name of the one that it came from
    :param frames: that it was judged on
    :param recording: name of the recording
    :param fingerprint: of the part of a recording that the model learned from, where it says so
    :param figures: by method, ``edge_mae_cm`` and ``rmse_cm``
    :param gains: by figure, ``gain`` over the old model, ``low`` and ``high`` of its 95 %
        interval
    :param against_which: on what it was judged, against what, for a person
    :param faults: promises that it broke
    :param guard: what the guard decided, as JSON values (``evaluation.guard.decision``)
    """

    better: bool
    unseen: bool
    sentence: str
    model: str
    against: str
    frames: int
    recording: str
    fingerprint: str
    figures: dict[str, dict[str, float]]
    gains: dict[str, dict[str, float]]
    against_which: str = ''
    faults: tuple[str, ...] = ()
    guard: dict[str, Any] = field(default_factory=dict)


def judge(job: Job) -> Judgement:
    """
    Judge the model of a job; writes the report, as JSON and as a page, and the judgement.

    Where the frames have a reference, it decides, and on matched synthetic frames errors must not
    grow beside it; where they have none, the guard decides (``evaluation/guard``).

    :raises ValueError: when it cannot be judged, such as ``EvaluationError``, ``ModelError``
    :raises OSError: when the disk refuses
    """
    order, model = job.order(), job.model()
    held, sensor = Recording(judged(job)), sensor_of(job)
    referenced = any(frame.has('reference') for frame in held[:1])
    report = evaluate_recording(
        RecordingRequest(
            source=judged(job),
            models=(order.base, str(model)),
            scales=(read_metadata(model).scale,),
            frames=order.judge_frames,
            degrade=None if referenced else str(job / PROFILE),
            command=f'cdst-ros adapt {Path(order.recording).name}',
        )
    )
    found = judgement(
        report,
        read_metadata(model).name,
        read_metadata(order.base).name,
        Path(order.recording).name,
        read_origin(model),
        unseen=not order.candidate or _is_unseen(Recording(learned(job)), read_origin(model)),
    )
    with ExitStack() as stack:
        new, old = (
            enlarger(stack.enter_context(closing(open_engine(str(one), threads=order.threads))))
            for one in (model, order.base)
        )
        scale, most = read_metadata(model).scale, order.judge_frames
        if referenced:
            views = views_of(sensor, scale, min(most, SYNTHETIC))
            synthetic = matched(views, new, old, ERRORS)
            decision = decide_by_reference(found.better, synthetic)
        else:
            alignment = read_metadata(model).alignment
            frames = HeldFrames(held)
            decision = guard(frames, scale, new, old, sensor, most=most, alignment=alignment)
    found = guarded(found, decision, referenced=referenced)
    report = replace(report, guard=decision)
    write_file(job / REPORT_JSON, json_text(report.to_json()).encode())
    _write_page(report, job / REPORT_HTML)
    write_file(job / RESULT, json_text(asdict(found)).encode())
    return found


def _is_unseen(earlier: Recording, origin: Mapping[str, Any]) -> bool:
    """
    Return whether a model from elsewhere learned from nothing but what came before.

    :param earlier: the frames before those that it is judged on; since it was copied, the
        recording may have grown
    """
    sequences = [sequence.entry for sequence in earlier.sequences]
    entries = [frame.entry for frame in earlier]
    return all(
        fingerprint(entries[: one.get('frames', 0)], sequences) == one.get('fingerprint')
        for one in origin.get('recordings', ())
    )


def judgement(
    report: RecordingReport,
    model: str,
    against: str,
    recording: str,
    origin: Mapping[str, Any],
    *,
    unseen: bool,
) -> Judgement:
    """
    Return what a report says of one model against another.

    :param origin: of the model, as ``read_origin`` has it
    :param unseen: whether it is known that the model has not learned from these frames
    """
    rows = {row.method: row for row in report.report.rows}
    frames = len(report.frames)
    stands = rows[model].details['versus_models'].get(against, {})
    gains = {name: _gain(stands[name]) for name in DECIDING if 'gain' in stands.get(name, {})}
    less = [name for name, gain in gains.items() if gain['low'] > 0]
    more = [name for name, gain in gains.items() if gain['high'] < 0]
    broken = [fault for fault in report.report.broken if fault.startswith(f'{model} ')]
    enough = frames >= FEWEST_FRAMES
    parts = [
        f'{what} {_change(gains[name])}, from {rows[against].metrics[name]:.1f} to '
        f'{rows[model].metrics[name]:.1f} cm'
        for name, what in DECIDING.items()
        if name in gains
    ]
    prices = [what for name, what in PRICES.items() if _is_worse(stands.get(name, {}))]
    which = 'that it has not learned from' if unseen else 'that it may have learned from'
    against_which = f'On {frames} frames of {recording} {which}, {model} against {against}'
    sentence = f'{against_which}: {"; ".join(parts) or "the reference shows nothing to compare"}'
    if prices:
        sentence += f'; {" and ".join(prices)} grow'
    if broken:
        sentence += f'; {"; ".join(broken)}'
    if not enough:
        sentence += f'; fewer than {FEWEST_FRAMES} frames prove nothing'
    sources = origin.get('recordings') or [{}]
    return Judgement(
        better=bool(less) and not more and not broken and enough,
        unseen=unseen,
        sentence=f'{sentence}. {_floor(rows[model])}'.strip(),
        model=model,
        against=against,
        frames=frames,
        recording=recording,
        fingerprint=str(sources[0].get('fingerprint', '')),
        figures={
            name: {figure: row.metrics[figure] for figure in DECIDING if figure in row.metrics}
            for name, row in rows.items()
        },
        gains=gains,
        against_which=against_which,
        faults=tuple(broken),
    )


def guarded(found: Judgement, decision: Decision, *, referenced: bool) -> Judgement:
    """
    Return a judgement with what the guard says.

    :param referenced: whether a reference has judged; else what the report says of errors is of
        pairs across scales, which the guard has judged itself
    """
    if referenced:
        # What does not stand in the way need not be told.
        refused = found.better and not decision.offered
        sentence = f'{found.sentence} {decision.sentence}' if refused else found.sentence
        better = found.better and decision.offered
    else:
        parts = [f'{found.against_which}: {decision.sentence}']
        if found.faults:
            parts.append(f'Not offered: {"; ".join(found.faults)}.')
        sentence, better = ' '.join(parts), decision.offered and not found.faults
    return replace(found, better=better, sentence=sentence, guard=decision.to_json())


def _gain(stands: Mapping[str, Any]) -> dict[str, float]:
    low, high = stands['gain_interval']
    return {'gain': stands['gain'], 'low': low, 'high': high}


def _change(gain: Mapping[str, float]) -> str:
    value, low, high = (100 * gain[name] for name in ('gain', 'low', 'high'))
    if low > 0:
        return f'falls by {value:.0f} % ({low:.0f} to {high:.0f})'
    if high < 0:
        return f'grows by {-value:.0f} % ({-high:.0f} to {-low:.0f})'
    return f'does not change beyond chance ({-high:+.0f} to {-low:+.0f} %)'


def _is_worse(stands: Mapping[str, Any]) -> bool:
    return stands.get('verdict') == 'worse'


def _floor(row: Row) -> str:
    """Return how the model stands to the best classical method of depth alone, at edges."""
    stands = row.details['versus_depth_only'].get('edge_mae_cm', {})
    if 'gain' not in stands:
        return ''
    return f'Against {stands["floor"]}, the error at edges {_change(_gain(stands))}.'


def _write_page(report: RecordingReport, path: Path) -> None:
    """Write the page, where the libraries for it are installed."""
    try:
        check_libraries()
    except MissingLibraryError as error:
        print(f'no page: {error}')
        return
    partial = path.with_suffix('.partial')
    write_html(report, partial)
    os.replace(partial, path)


def main() -> int:
    """Judge the model of a job; 1 with the reason when that cannot be done."""
    try:
        found = judge(Job(Path(sys.argv[1])))
    except (ValueError, OSError) as error:
        print(f'cannot judge: {error}', file=sys.stderr)
        return 1
    print(found.sentence)
    return 0


if __name__ == '__main__':
    sys.exit(main())
