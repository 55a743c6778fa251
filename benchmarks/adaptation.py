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
What a robot gains by learning from its own recording, without any depth of high resolution.

Two robots: the real walk of ``hololens_x2``, and a synthetic one whose sensor no shipped model has
learned from. Each records depth of low resolution and colour, learns from the first part, and is
judged on the last by a truth that it never sees::

    python benchmarks/adaptation.py DATA --robots walk odd --steps 1500
    python benchmarks/adaptation.py DATA --table            # of what is done

Arms, all from the same model, with as many steps of as many samples: ``across`` learns across
scales, and from synthetic frames of the sensor's measured profile; ``colourless`` from measured
depth as it is as well; ``adapted`` from colour, too, as ``cdst-ros adapt`` does where it can;
``upper`` learns from the hidden truth of the same frames. Every training is a process; one that is
done is skipped, and an interrupted one goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from adaptation_recordings import Recordings, rooms, walk, write_recordings
from report import publish

from cdst_ros.evaluation.characterise import measured_profile
from cdst_ros.evaluation.guard.held_frame import HeldFrames, enlarger
from cdst_ros.evaluation.guard.watch import guard
from cdst_ros.evaluation.recording_run import RecordingRequest, evaluate_recording
from cdst_ros.evaluation.report import Row
from cdst_ros.learning.color import color_of
from cdst_ros.recordings.reader import Recording
from cdst_ros.superres.engines import open_engine
from cdst_ros.synthetic import load_profile

ODD = Path(__file__).with_name('odd_sensor.yaml')


class Arm(NamedTuple):
    """How a model is trained: by a configuration and changes of it, and with the truth or not."""

    config: str
    changes: tuple[str, ...] = ()
    knows: bool = False


ARMS = {
    'across': Arm('adapt'),
    'colourless': Arm('adapt_color', ('data.color=false',)),
    'adapted': Arm('adapt_color'),
    'upper': Arm('adapt', knows=True),
}
FIGURES = {'rmse_cm': 1, 'edge_mae_cm': 1, 'flying_pixels': 100, 'misplaced': 100}
HEADER = (
    'robot', 'method', 'RMSE [cm]', 'edge MAE [cm]', 'flying [%]', 'misplaced [%]',
    'edge MAE against generic', 'guard', 'training [s of one core]',
)  # fmt: skip
NOTES = (
    'In brackets the 95 % interval of a moving-block bootstrap over frames; against generic: how '
    'much less, of the same resamplings. Guard: whether it offers the model, from held-out '
    'measured frames alone.'
)


@dataclass(frozen=True)
class Robot:
    """
    A robot.

    :param start: model that it runs
    :param crop: of its trainings [LR px]
    """

    start: str
    scale: int
    crop: int


ROBOTS = {'walk': Robot('lite_x2', 2, 32), 'odd': Robot('lite_x4', 4, 24)}


def recordings_of(name: str, data: Path, folder: Path, validation: bool) -> Recordings:
    """
    Return a robot's recordings, written where they are not there yet.

    :param validation: parts of what is learned from are left out and judged on instead: choices
        are made on those
    """
    if name == 'walk':
        place = data / 'hololens_walk'
        learned, tested = ((0, 0.45), (0.5, 0.6)) if validation else ((0, 0.6), (0.7, 1))
        return write_recordings(folder, walk(place, *learned), walk(place, *tested))
    scale = ROBOTS[name].scale
    tested_rooms = range(111, 113) if validation else range(121, 125)
    return write_recordings(
        folder,
        rooms(ODD, range(101, 104), scale, 20, 2.0),
        rooms(ODD, tested_rooms, scale, 12, 2.0),
    )


def train(robot: Robot, arm: str, recordings: Recordings, folder: Path, steps: int) -> float:
    """Train and export the model of an arm; return the CPU time that it took [s]."""
    how = ARMS[arm]
    root = (recordings.knowing if how.knows else recordings.blind).parent
    took, model = folder / f'{arm}.json', folder / f'{arm}.onnx'
    if not model.exists():
        command = [sys.executable, '-m', 'cdst_ros.cli']
        arguments = (
            f'name={arm}', f'start={robot.start}', f'max_steps={steps}', f'runs={folder / "runs"}',
            f'data.root={root}', f'data.crop={robot.crop}', f'profile={folder / "profile.yaml"}',
        )  # fmt: skip
        before = time.time()
        spent = _cpu_of([*command, 'train', how.config, *arguments, *how.changes, '--keep-going'])
        spent += _cpu_of(
            [*command, 'export', str(folder / 'runs' / arm / 'last.ckpt'), '--out', str(model)]
        )
        values = {'cpu_s': spent, 'wall_s': time.time() - before, 'steps': steps}
        took.write_text(json.dumps(values) + '\n', encoding='utf-8')
    return float(json.loads(took.read_text(encoding='utf-8'))['cpu_s'])


def _cpu_of(command: list[str]) -> float:
    """Run a command; return the CPU time that it and its children took [s]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def guarded(robot: Robot, model: Path, recordings: Recordings, profile: Path) -> dict[str, Any]:
    """Return what the guard says of a model, from held-out measured frames alone."""
    kept = model.with_suffix('.guard.json')
    if not kept.exists():
        engines = [open_engine(name, threads=1) for name in (str(model), robot.start)]
        new, old = (enlarger(engine) for engine in engines)
        held, sensor = HeldFrames(Recording(recordings.test)), load_profile(profile)
        decision = guard(held, robot.scale, new, old, sensor)
        for engine in engines:
            engine.close()
        kept.write_text(json.dumps(decision.to_json(), default=str) + '\n', encoding='utf-8')
    found: dict[str, Any] = json.loads(kept.read_text(encoding='utf-8'))
    return found


def rows_of(name: str, args: argparse.Namespace) -> list[list[str]]:
    """Return the rows of a robot, its trainings done where they are missing."""
    robot, folder = ROBOTS[name], args.work / (f'{name}_validation' if args.validation else name)
    recordings = recordings_of(name, args.data, folder / 'recordings', args.validation)
    profile = folder / 'profile.yaml'
    if not profile.exists():
        measured_profile(recordings.blind, profile)
        found = color_of(recordings.blind, robot.scale)
        print(f'{name}: {"colour teaches" if found.usable else "no colour"}: {found.why}')
    spent = {}
    for arm in args.arms:
        if (folder / f'{arm}.onnx').exists() or not args.table:
            spent[arm] = train(robot, arm, recordings, folder, args.steps)
    models = {arm: folder / f'{arm}.onnx' for arm in spent}
    report = evaluate_recording(
        RecordingRequest(
            source=recordings.test,
            models=(robot.start, *map(str, models.values())),
            scales=(robot.scale,),
            frames=0,
            keep=False,
        )
    )
    said = {
        arm: guarded(robot, model, recordings, profile)
        for arm, model in models.items()
        if arm != 'upper'
    }
    for arm, one in said.items():
        print(f'{name}, {arm}: {one["sentence"]}')
    return [_cells(name, row, robot, spent, said) for row in report.report.rows]


def _cells(
    name: str, row: Row, robot: Robot, spent: dict[str, float], said: dict[str, dict[str, Any]]
) -> list[str]:
    method = f'generic ({robot.start})' if row.method == robot.start else row.method
    against = row.details.get('versus_models', {}).get(robot.start, {}).get('edge_mae_cm', {})
    gain = '-'
    if 'gain' in against:
        low, high = (100 * value for value in against['gain_interval'])
        gain = f'{100 * against["gain"]:.1f} % ({low:.1f} to {high:.1f})'
    decided = '-'
    if row.method in said:
        decided = 'offers it' if said[row.method]['offered'] else 'no'
    return [
        name,
        method,
        *(_told(row, figure, factor) for figure, factor in FIGURES.items()),
        gain,
        decided,
        f'{spent[row.method]:.0f}' if row.method in spent else '-',
    ]


def _told(row: Row, figure: str, factor: float) -> str:
    value = factor * row.metrics.get(figure, math.nan)
    if figure not in row.intervals:
        return f'{value:.2f}'
    low, high = (factor * bound for bound in row.intervals[figure])
    return f'{value:.2f} ({low:.2f} to {high:.2f})'


def main() -> None:
    """Do what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('data', type=Path, help='folder of the data sets')
    parser.add_argument('--robots', nargs='+', default=list(ROBOTS), choices=list(ROBOTS))
    parser.add_argument('--arms', nargs='+', default=list(ARMS), choices=list(ARMS))
    parser.add_argument('--steps', type=int, default=1500, help='of every training')
    parser.add_argument('--work', type=Path, default=Path('runs') / 'adaptation')
    parser.add_argument('--validation', action='store_true', help='judge on what choices are of')
    parser.add_argument('--table', action='store_true', help='of what is done, train nothing')
    parser.add_argument('--out', type=Path, help='Markdown or JSON file for the table')
    args = parser.parse_args()
    rows = [row for name in args.robots for row in rows_of(name, args)]
    publish('A robot that learns from its own recording', HEADER, rows, NOTES, args.out)


if __name__ == '__main__':
    main()
