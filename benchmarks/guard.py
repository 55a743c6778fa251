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
Ask the guard of models whose worth is known: yes to the better ones, no to the worse.

A synthetic sensor walks through rooms. Its profile is measured while it stands still, the guard
sees measured frames and poses alone, and the exact truth, which it does not see, stands beside
its verdict::

    python benchmarks/guard.py --frames 12 --kind-known
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from report import publish

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.characterise import measured_profile
from cdst_ros.evaluation.guard.comparison import DECIDING, Comparison
from cdst_ros.evaluation.guard.finding import Outcome, outcome_of
from cdst_ros.evaluation.guard.held_frame import Enlarge, HeldFrame, enlarger
from cdst_ros.evaluation.guard.watch import guard
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.plain import json_text
from cdst_ros.evaluation.rods import with_rods
from cdst_ros.recordings.atomic import write_file
from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings
from cdst_ros.synthetic import (
    CameraPath,
    SensorProfile,
    SyntheticCamera,
    degrade,
    indoor_scene,
    load_profile,
    render,
)

SCALE, SEED, INTERVAL_S = 4, 20261122, 0.25
#: New against old, by sensor.
PAIRS = {
    'stereo': [('lite_x4_stereo', 'lite_x4'), ('lite_x4', 'lite_x4_stereo')],
    'tof': [
        ('lite_x4_tof', 'lite_x4'),
        ('lite_x4', 'lite_x4_tof'),
        ('lite_x4', 'bilinear'),
        ('bilinear', 'lite_x4'),
    ],
    'structured_light': [
        ('lite_x4_structured_light', 'lite_x4'),
        ('lite_x4', 'lite_x4_structured_light'),
    ],
    'generic': [('strong_x4', 'fast_x4'), ('fast_x4', 'strong_x4')],
}
NOTES = (
    'Figures and truth: old to new, by the exact truth of the measured frames. Right: offered if '
    'and only if the truth is better; where it is mixed, either may be.'
)
#: The rooms of the still seconds, and the frames in each.
_STILL_ROOMS, _STILL_FRAMES = (10, 3), 12


class Walk(NamedTuple):
    """What a sensor measured on its way, and the truth of it."""

    held: list[HeldFrame]
    views: list[View]


def walk(sensor: SensorProfile, size: tuple[int, int], frames: int, rooms: int) -> Walk:
    """Have a sensor walk through rooms, the same number of frames in each."""
    focal = sensor.optics.focal(sensor.optics.size[0])
    width, height = size
    middle = (width - 1) / 2, (height - 1) / 2
    camera = CameraModel.from_intrinsics(focal, focal, *middle, width, height)
    high = camera.scaled(SCALE, GridAlignment.HALF_PIXEL)
    found = Walk([], [])
    for room in range(rooms):
        rng = np.random.default_rng([SEED, room])
        scene = with_rods(rng, indoor_scene(rng), 3)
        path = CameraPath.through(scene, rng)
        for number in range(frames // rooms):
            pose = path.pose(number * INTERVAL_S)
            seen = render(scene, high, pose, incidence=True)
            low = degrade(
                seen.depth,
                SCALE,
                np.random.default_rng([SEED, room, number]),
                sensor,
                incidence=seen.incidence,
                color=seen.color,
                focal=focal,
            )
            name = f'room {room}'
            found.held.append(HeldFrame(name, low, None, camera, pose))
            found.views.append(View(name, low, seen.depth, None, high))
    return found


def profile_of(sensor: SensorProfile, folder: Path, base: str) -> SensorProfile:
    """Return what ``characterise`` makes of a sensor that stands still in two rooms."""
    width, height = (min(pair) for pair in zip(sensor.optics.size, (320, 240), strict=True))
    optics = replace(sensor.optics, size=(width, height))
    recording = folder / f'{sensor.name}_still'
    with RecordingWriter(recording, rate_hz=30.0) as writer:
        for place, seed in enumerate(_STILL_ROOMS):
            camera = SyntheticCamera(
                seed,
                width,
                height,
                scale=2,
                profile=replace(sensor, optics=optics),
                frames=1,
                still=_STILL_FRAMES,
                color=sensor.wants_color,
            )
            for number in range(_STILL_FRAMES):
                frame = camera.frame(number)
                stamp_ns = frame.stamp_ns + round(2e9 * place)
                writer.append(stamp_ns, Picture(frame.depth, frame.frame_id, frame.camera))
    return measured_profile(recording, folder / f'{sensor.name}_measured.yaml', base=base)


def method_of(name: str) -> Enlarge:
    """Return a shipped model or a classical method, which keeps what it has made."""
    if name == 'bilinear':
        enlarge = enlarger(open_engine(None, name, scale=SCALE), Settings(bounded=False))
    else:
        enlarge = enlarger(open_engine(name, threads=1))
    return _kept(enlarge)


def _kept(enlarge: Enlarge) -> Enlarge:
    made: dict[bytes, F32] = {}

    def again(depth: F32, rgb: U8 | None) -> F32:
        key = depth.tobytes()
        if key not in made:
            made[key] = enlarge(depth, rgb)
        return made[key]

    return again


def truth_of(views: list[View], new: Enlarge, old: Enlarge) -> tuple[str, dict[str, Any]]:
    """
    Return how two methods stand by the exact truth of what was measured.

    Better or worse at edges, even, or mixed: better at edges, and worse in something else.
    """
    comparison = Comparison()
    for view in views:
        comparison.add(view, new(view.low, None), old(view.low, None))
    stands = comparison.stands()
    truth = outcome_of(stands)[0].value
    if truth == Outcome.WORSE.value and stands[DECIDING].better:
        worse = [name for name, stand in stands.items() if stand.worse]
        truth = f'mixed: {", ".join(worse)}'
    return truth, {name: stand.to_json() for name, stand in stands.items()}


def ask(name: str, arguments: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield a row for each pair of a sensor."""
    sensor = load_profile(name)
    began = time.process_time()
    base = name if arguments.kind_known else 'generic'
    measured = profile_of(sensor, folder, base)
    print(f'{name}: measured in {time.process_time() - began:.0f} s of CPU', flush=True)
    found = walk(sensor, tuple(arguments.size), arguments.frames, arguments.rooms)
    methods: dict[str, Enlarge] = {}
    for new, old in PAIRS[name]:
        for one in (new, old):
            methods.setdefault(one, method_of(one))
        truth, figures = truth_of(found.views, methods[new], methods[old])
        began = time.process_time()
        decision = guard(
            found.held, SCALE, methods[new], methods[old], measured, most=arguments.frames
        )
        row = {
            'sensor': name,
            'new': new,
            'old': old,
            'truth': truth,
            'figures': figures,
            'decision': decision.to_json(),
            'cpu_s': time.process_time() - began,
        }
        print(*cells_of(row), decision.sentence, sep=' | ', flush=True)
        yield row


HEADER = (
    'sensor', 'new', 'old', 'edge MAE by the truth [cm]', 'misplaced [%]', 'thin F2 [%]', 'truth',
    'G1', 'G2', 'G3', 'offered', 'right', 'CPU [s]',
)  # fmt: skip


def cells_of(row: dict[str, Any]) -> list[str]:
    """Return a row of the table."""
    figures, findings = row['figures'], row['decision']['findings']

    def change(name: str, factor: float) -> str:
        return ' to '.join(f'{factor * figures[name][side]:.1f}' for side in ('old', 'new'))

    outcomes = [findings[one]['outcome'] for one in ('cross_scale', 'fused_frames', 'matched')]
    offered = row['decision']['offered']
    right = 'yes' if offered == (row['truth'] == Outcome.BETTER.value) else '**no**'
    if row['truth'].startswith('mixed'):
        right = '-'
    return [
        row['sensor'],
        row['new'],
        row['old'],
        change('edge_mae_cm', 1),
        change('misplaced', 100),
        change('thin_f2', 100),
        row['truth'],
        *(outcome.replace('_', ' ') for outcome in outcomes),
        'yes' if offered else 'no',
        right,
        f'{row["cpu_s"]:.0f}',
    ]


def main() -> None:
    """Ask, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--frames', type=int, default=16, help='measured frames of a sensor')
    parser.add_argument('--rooms', type=int, default=2)
    parser.add_argument('--size', type=int, nargs=2, default=(128, 96), metavar=('W', 'H'))
    parser.add_argument('--sensors', nargs='+', default=list(PAIRS), choices=list(PAIRS))
    parser.add_argument(
        '--kind-known',
        action='store_true',
        help="priors of the sensor's kind, as a preset of a camera names it, not the generic ones",
    )
    parser.add_argument('--json', type=Path, help='write all figures and sentences here')
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with TemporaryDirectory() as folder:
        for name in arguments.sensors:
            rows += ask(name, arguments, Path(folder))
    if arguments.json is not None:
        write_file(arguments.json, json_text({'rows': rows}).encode())
    publish('The guard, and the truth that it does not see', HEADER, [*map(cells_of, rows)], NOTES)


if __name__ == '__main__':
    main()
