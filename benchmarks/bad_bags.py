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
Give bad bags to ``cdst-ros evaluate``; note what it says.

    python benchmarks/bad_bags.py --markdown docs/bad-bags.md
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from report import machine, markdown
from rosbags.typesys import Stores, get_typestore

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.recordings.bag_writer import BagWriter

LOW = CameraModel.from_intrinsics(60.0, 60.0, 31.5, 23.5, 64, 48)
FINE = LOW.scaled(4, GridAlignment.HALF_PIXEL)
#: Another camera than ``FINE``, that calls its frame the same.
OTHER = CameraModel.from_intrinsics(230.0, 230.0, 127.5, 95.5, 256, 192)
PERIOD_NS, START_NS = 33_333_333, 1_700_000_000 * 10**9
FRAMES = 40
_EVALUATE = 'from cdst_ros.cli import build_app; build_app()()'
_TYPES = get_typestore(Stores.ROS2_HUMBLE).types


class Case(NamedTuple):
    """A bag, what is wrong with it, and what evaluate is asked for beside it."""

    what: str
    make: Callable[[Path], Path]
    options: tuple[str, ...] = ()


def main() -> None:
    """Try all, and print or write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--markdown', type=Path, help='write the table here')
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix='cdst_ros_') as folder:
        for number, case in enumerate(CASES):
            bag = case.make(Path(folder) / f'bag{number}')
            rows.append([case.what, *told(bag, case.options)])
            print(' | '.join(rows[-1]), flush=True)
    text = (
        '# Bad bags, and what evaluate says\n\n'
        f'Bags of {FRAMES} frames of 64x48; `BAG` stands for their path. What can be read is '
        'scored, and what cannot is counted; code 1 is a bag of which nothing can be said.\n\n'
        f'`python benchmarks/bad_bags.py --markdown docs/bad-bags.md`, {date.today()}, '
        f'{machine()}\n\n' + markdown(['bag', 'exit code', 'scored', 'what it said'], rows)
    )
    if given.markdown:
        given.markdown.write_text(text, encoding='utf-8')


def told(bag: Path, options: tuple[str, ...]) -> list[str]:
    """Return exit code, frames scored, and notes or error of an evaluation."""
    command = [sys.executable, '-c', _EVALUATE, 'evaluate', str(bag), '--scale', '4']
    command += ['--model', 'fast_x4', '--frames', '40', *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines() + done.stderr.splitlines()
    scored = next((line.split()[0] for line in lines if ' frames scored, ' in line), '-')
    said = [
        line.removeprefix('note: ').removeprefix('cdst-ros: ')
        for line in lines
        if line.startswith(('note: ', 'cdst-ros: '))
    ]
    text = '; '.join(one for one in said if not one.startswith('flicker'))
    return [str(done.returncode), scored, text.replace(str(bag), 'BAG')]


def scene(number: int, camera: CameraModel) -> F32:
    """Return a slanted wall with a box that slides before it (H, W) [m]."""
    share = camera.width / LOW.width
    v, u = np.mgrid[: camera.height, : camera.width] / share
    depth = (1 / (0.3 + 0.002 * u + 0.001 * v)).astype(np.float32)
    left = 5 + number % 30
    depth[(v >= 12) & (v < 36) & (u >= left) & (u < left + 20)] = 1.2
    return depth


@contextmanager
def writing(path: Path, storage: str = '.mcap') -> Iterator[BagWriter]:
    """Open a new bag."""
    with BagWriter(path, storage) as bag:
        yield bag


def plain(
    path: Path,
    storage: str = '.mcap',
    *,
    info: bool = True,
    order: Callable[[int], int] = lambda number: number,
    frames: int = FRAMES,
) -> Path:
    """Write depth with its camera; ``order`` says which frame is recorded when."""
    with writing(path, storage) as bag:
        for place in range(frames):
            number = order(place)
            stamp, log = START_NS + number * PERIOD_NS, START_NS + place * PERIOD_NS
            bag.write_depth('/d/image_raw', scene(number, LOW), stamp, 'd', log_time_ns=log)
            if info:
                bag.write_camera('/d/camera_info', LOW, stamp, 'd', log_time_ns=log)
    return path


def cut(path: Path, storage: str, share: float) -> Path:
    """Write a bag and cut its file."""
    # An MCAP is written in chunks of some megabytes: a cut costs the chunk that it falls into.
    file = plain(path, storage, frames=1500) / f'{path.name}{storage}'
    alone = path.with_suffix(storage)
    alone.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    return alone


def empty_file(path: Path) -> Path:
    """Make a file of nothing."""
    alone = path.with_suffix('.mcap')
    alone.write_bytes(b'')
    return alone


def no_messages(path: Path) -> Path:
    """Write a bag without a message."""
    with writing(path):
        pass
    return path


def no_depth(path: Path) -> Path:
    """Write a bag of colour alone."""
    with writing(path) as bag:
        for number in range(FRAMES):
            stamp = START_NS + number * PERIOD_NS
            bag.write_color('/rgb/image_raw', np.zeros((60, 80, 3), np.uint8), stamp, 'rgb')
    return path


def encoded(path: Path, encoding: str, first: int = 0) -> Path:
    """Write a bag whose depth says another encoding from frame ``first`` on."""
    with writing(path) as bag:
        for number in range(FRAMES):
            stamp = START_NS + number * PERIOD_NS
            if number < first:
                bag.write_depth('/d/image_raw', scene(number, LOW), stamp, 'd')
                continue
            sec, nanosec = divmod(stamp, 10**9)
            time = _TYPES['builtin_interfaces/msg/Time'](sec=sec, nanosec=nanosec)
            image = _TYPES['sensor_msgs/msg/Image'](
                header=_TYPES['std_msgs/msg/Header'](stamp=time, frame_id='d'),
                height=48,
                width=64,
                encoding=encoding,
                is_bigendian=0,
                step=64,
                data=np.zeros(64 * 48, np.uint8),
            )
            bag.write('/d/image_raw', image, stamp)
    return path


def two_cameras(
    path: Path, *, camera: CameraModel = FINE, frame: str = 'd', lag_ns: int = 0
) -> Path:
    """Write depth and depth of higher resolution."""
    with writing(path) as bag:
        for number in range(FRAMES):
            stamp = START_NS + number * PERIOD_NS
            bag.write_depth('/d/image_raw', scene(number, LOW), stamp, 'd')
            bag.write_camera('/d/camera_info', LOW, stamp, 'd')
            bag.write_depth('/r/image_raw', scene(number, camera), stamp + lag_ns, frame)
            bag.write_camera('/r/camera_info', camera, stamp + lag_ns, frame)
    return path


_REFERENCE = ('--reference-topic', '/r/image_raw')
CASES = (
    Case('as it should be', plain),
    Case('MCAP cut at 60 %', lambda path: cut(path, '.mcap', 0.6)),
    Case('SQLite cut at 60 %', lambda path: cut(path, '.db3', 0.6)),
    Case('MCAP cut at 1 %', lambda path: cut(path, '.mcap', 0.01)),
    Case('an empty file', empty_file),
    Case('no message', no_messages),
    Case('no depth', no_depth),
    Case('no camera_info', lambda path: plain(path, info=False)),
    Case('wrong encoding: 8UC1', lambda path: encoded(path, '8UC1')),
    Case(
        'wrong encoding, depth topic named',
        lambda path: encoded(path, '8UC1'),
        ('--depth-topic', '/d/image_raw'),
    ),
    Case('encoding changes to rgb8 half way', lambda path: encoded(path, 'rgb8', FRAMES // 2)),
    Case('stamps out of order by one', lambda path: plain(path, order=lambda k: k ^ 1)),
    Case('stamps run backwards', lambda path: plain(path, order=lambda k: FRAMES - 1 - k)),
    Case('one frame', lambda path: plain(path, frames=1)),
    Case('two cameras, none named', two_cameras),
    Case('a reference of the same view', two_cameras, _REFERENCE),
    Case('a reference 20 ms late', lambda path: two_cameras(path, lag_ns=20_000_000), _REFERENCE),
    Case(
        'two cameras of equal frame id',
        lambda path: two_cameras(path, camera=OTHER),
        _REFERENCE,
    ),
    Case('two cameras, no /tf_static', lambda path: two_cameras(path, frame='r'), _REFERENCE),
)

if __name__ == '__main__':
    main()
