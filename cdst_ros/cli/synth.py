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
"""``cdst-ros synth``: write a bag of a synthetic depth camera."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdst_ros.cli.failure import USAGE, fail, told_plainly
from cdst_ros.cli.progress import Show, progress_bar

if TYPE_CHECKING:
    from cdst_ros.recordings.bag_writer import BagWriter
    from cdst_ros.synthetic import SyntheticCamera, SyntheticFrame

#: Where the stamps of every bag begin: the same command writes the same bag [ns].
START_NS = 1_700_000_000 * 10**9
#: Messages are recorded so long after their stamps, as by a camera that has to read out [ns].
LATENCY_NS = 20_000_000
DEPTH, COLOR, TRUTH = '/depth', '/rgb', '/truth'
_STORAGES = ('.mcap', '.db3')


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('synth')(synth)


def synth(
    output: Annotated[
        Path, typer.Argument(metavar='OUT', help='Bag to make, OUT.mcap or OUT.db3.')
    ],
    *,
    profile: Annotated[
        str,
        typer.Option(
            help='Sensor: tof, stereo, structured_light, phone_lidar, aligned, generic, ideal, or '
            'a YAML file.'
        ),
    ] = 'tof',
    size: Annotated[
        str | None,
        typer.Option(metavar='WxH', help="Size of the depth image; if not said, the sensor's."),
    ] = None,
    scale: Annotated[
        int, typer.Option(min=1, max=16, help='The truth and colour are so many times larger.')
    ] = 4,
    seed: Annotated[int, typer.Option(min=0, help='Number of the scene.')] = 10,
    duration: Annotated[float, typer.Option(min=0.001, help='Seconds.')] = 5.0,
    rate: Annotated[float, typer.Option(min=0.001, help='Frames a second.')] = 30.0,
    motion: Annotated[
        str, typer.Option(help='robot (level), or handheld (with some roll and tremor).')
    ] = 'robot',
    clutter: Annotated[
        bool, typer.Option('--clutter', help='Foliage, fences and cables in the room as well.')
    ] = False,
    still: Annotated[
        float, typer.Option(min=0.0, help='Seconds, at the start, for which the camera rests.')
    ] = 0.0,
    color: Annotated[bool, typer.Option('--color/--no-color', help='Write /rgb.')] = True,
    truth: Annotated[bool, typer.Option('--truth/--no-truth', help='Write /truth.')] = True,
    force: Annotated[bool, typer.Option('--force', help='Replace OUT if it exists.')] = False,
) -> None:
    """
    Write what a synthetic depth camera sees on its way through a room, with the truth.

    The bag has /depth, /rgb and /truth, each with image_raw and camera_info, stamps and frame
    as a real camera has them: depth as the sensor measures it (16UC1, millimetres), colour and
    exact depth at the higher resolution; /tf says where the camera is in map. Several topics are
    depth: name one to those who read it.

    Example: `cdst-ros synth walk.mcap --profile stereo --size 424x240 --duration 10`, then
    `cdst-ros upscale walk.mcap walk_hr.mcap --depth-topic /depth/image_raw`
    """
    from cdst_ros.evaluation.staging import OutputExistsError, staged
    from cdst_ros.recordings.bag_writer import BagWriter
    from cdst_ros.recordings.errors import BagError
    from cdst_ros.synthetic import SyntheticCamera, load_profile

    if output.suffix not in _STORAGES:
        fail(f'{output}: name the bag {output.stem}.mcap or {output.stem}.db3', USAGE)
    count = round(duration * rate)
    if count < 1:
        fail(f'{duration:g} s at {rate:g} Hz have no frame: give a longer --duration', USAGE)
    resting = min(round(still * rate), count)
    with told_plainly(ValueError):
        sensor = load_profile(profile)
        width, height = sensor.optics.size if size is None else _parsed(size)
        camera = SyntheticCamera(
            seed,
            width,
            height,
            scale=scale,
            rate_hz=rate,
            profile=sensor,
            frames=max(1, count - resting),
            color=color,
            motion=motion,
            clutter=clutter,
            still=resting,
        )
    with (
        told_plainly(BagError, OutputExistsError, OSError),
        staged(output, replace=force) as path,
        progress_bar('Rendering') as progress,
    ):
        folder = path.with_name('bag')
        with BagWriter(folder, output.suffix) as bag:
            _write(bag, camera, count, truth, progress)
        (folder / f'{folder.name}{output.suffix}').rename(path)
    high = camera.camera_hr
    typer.echo(
        f'{count} frames of a {sensor.name} sensor, {width}x{height}, in scene {seed} -> {output} '
        f'({output.stat().st_size / 1e6:.1f} MB)'
    )
    if truth or color:
        typer.echo(f'colour and truth: {high.width}x{high.height}; depth: {DEPTH}/image_raw')


def _write(
    bag: BagWriter, camera: SyntheticCamera, count: int, truth: bool, progress: Show
) -> None:
    for index in range(count):
        _write_frame(bag, camera.frame(index), truth)
        if index >= camera.still:
            # a long walk does not fit the memory
            camera.forget()
        progress(index + 1, count)


def _write_frame(bag: BagWriter, frame: SyntheticFrame, truth: bool) -> None:
    from cdst_ros.recordings.bag_writer import Transform
    from cdst_ros.recordings.transforms import MOVING_TOPIC
    from cdst_ros.synthetic.camera import WORLD_FRAME

    stamp, frame_id = START_NS + frame.stamp_ns, frame.frame_id
    log = stamp + LATENCY_NS
    where = Transform(WORLD_FRAME, frame_id, frame.pose)
    bag.write_transforms(MOVING_TOPIC, [where], stamp, log_time_ns=log)
    # depth last: who reads in this order has everything when depth comes
    if frame.color is not None:
        bag.write_color(f'{COLOR}/image_raw', frame.color, stamp, frame_id, log_time_ns=log)
        bag.write_camera(f'{COLOR}/camera_info', frame.camera_hr, stamp, frame_id, log_time_ns=log)
    if truth:
        bag.write_depth(f'{TRUTH}/image_raw', frame.truth(), stamp, frame_id, log_time_ns=log)
        bag.write_camera(f'{TRUTH}/camera_info', frame.camera_hr, stamp, frame_id, log_time_ns=log)
    bag.write_depth(f'{DEPTH}/image_raw', frame.depth, stamp, frame_id, log_time_ns=log)
    bag.write_camera(f'{DEPTH}/camera_info', frame.camera, stamp, frame_id, log_time_ns=log)


def _parsed(size: str) -> tuple[int, int]:
    """
    Return width and height of WxH.

    :raises ValueError: when it is not of that form
    """
    width, x, height = size.lower().partition('x')
    if not (x and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise ValueError(f'--size {size}: give width and height, such as 320x240')
    return int(width), int(height)
