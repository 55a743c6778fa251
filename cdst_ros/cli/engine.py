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
"""``cdst-ros engine``: build a model's engines ahead, check them against f32, and time them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdst_ros.cli.failure import FAILURE, USAGE, fail, told_plainly
from cdst_ros.cli.progress import Show, progress_bar

if TYPE_CHECKING:
    from cdst_ros.depth.arrays import F32
    from cdst_ros.evaluation.engine_check import Candidate, EngineCheck

_SIZES = ('320x240',)
#: Tried where nothing is asked for; what an engine does not offer is left out.
_PRECISIONS = ('f32', 'bf16')


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('engine')(engine)


def engine(
    model: Annotated[str, typer.Argument(help='Shipped model or .onnx file.')],
    *,
    size: Annotated[
        list[str] | None,
        typer.Option(
            metavar='WxH',
            help='Size of the input, as the camera sends it; may be given several times.  '
            f'[default: that of the source, else {_SIZES[0]}]',
        ),
    ] = None,
    engines: Annotated[
        list[str] | None,
        typer.Option('--engine', help='tensorrt, openvino, onnxruntime.  [default: all here]'),
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(help='f32, or what else the engine offers.  [default: f32, bf16 if offered]'),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar='MODEL',
            help='Model to hold against in f32, where MODEL is a lower precision of it.  '
            '[default: MODEL]',
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            help='Bag, recording, folder or image whose frames to check on.  [default: a '
            'procedural room]'
        ),
    ] = None,
    depth_topic: Annotated[str | None, typer.Option(help='If a bag has several.')] = None,
    frames: Annotated[int, typer.Option(min=1, help='To check on, at each size.')] = 5,
    rounds: Annotated[int, typer.Option(min=1, help='Frames that a time is the median of.')] = 20,
    threads: Annotated[int | None, typer.Option(min=1, help='[default: all cores]')] = None,
    device: Annotated[
        str | None, typer.Option(help='For TensorRT, such as cuda:1.  [default: cuda:0]')
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option('--json', metavar='FILE', help='Write the table here as well.'),
    ] = None,
) -> None:
    """
    Build a model's engines ahead, check each against f32 on the CPU, and time it.

    TensorRT takes minutes to build an engine for a size; it is kept for the user who runs this, so
    that a node of theirs finds it. Errors are in millimetres, over all frames and the range of
    depths that is named. Ends with exit code 1 when an engine that was asked for does not run, or
    finds something else in f32.

    Example: `cdst-ros engine lite_x4 --size 320x240 --size 640x480`
    """
    from cdst_ros.evaluation.engine_check import check_engines, reference_engine
    from cdst_ros.evaluation.sources import SourceError
    from cdst_ros.recordings.errors import BagError, RecordingError
    from cdst_ros.superres.contract import read_metadata
    from cdst_ros.superres.engine import EngineError, ModelError
    from cdst_ros.superres.store import find_model

    expected = (BagError, EngineError, ModelError, OSError, RecordingError, SourceError)
    with told_plainly(*expected):
        path = find_model(model)
        scale = read_metadata(path).scale
        candidates = list(_candidates(engines, precision, threads, device))
        checks: list[EngineCheck] = []
        held = reference_engine(find_model(reference or model), threads)
        with progress_bar('Engines') as progress:
            for images in _images(source, depth_topic, size, scale, frames):
                at = f'{images[0].shape[1]}x{images[0].shape[0]}'
                told = partial(_tell, progress, at)
                checks += check_engines(
                    path, candidates, images, held, rounds=rounds, on_engine=told
                )
        against = f'{held.info.model} in f32 on {held.info.engine}'
        held.close()
        if not (engines and precision):
            checks = [check for check in checks if not _not_offered(check)]
        if json_file is not None:
            _write(json_file, model, against, source, checks)
    _show(model, against, source, checks)
    if not all(_is_good(check) for check in checks):
        raise typer.Exit(FAILURE)


def _tell(progress: Show, size: str, what: str) -> None:
    progress(0, 0, f'{size} {what}')


def _candidates(
    engines: list[str] | None,
    precisions: list[str] | None,
    threads: int | None,
    device: str | None,
) -> Iterator[Candidate]:
    from cdst_ros.evaluation.engine_check import Candidate
    from cdst_ros.superres.engines import MODEL_ENGINES, describe_engines

    here = [item.name for item in describe_engines() if item.available]
    for name in engines or [name for name in here if name in MODEL_ENGINES]:
        if name not in MODEL_ENGINES:
            fail(f'--engine {name}: use {", ".join(MODEL_ENGINES)}', USAGE)
        for precision in precisions or _PRECISIONS:
            own = device if name == 'tensorrt' else None
            yield Candidate(name, precision, own, threads)


def _images(
    source: Path | None,
    depth_topic: str | None,
    sizes: list[str] | None,
    scale: int,
    count: int,
) -> Iterator[list[F32]]:
    """Yield the frames of each size."""
    from cdst_ros.evaluation.engine_check import recorded_frames, synthetic_frames

    if source is not None:
        if sizes:
            fail('--size: frames of a source have their own; leave it out', USAGE)
        found = recorded_frames(source, count, depth_topic)
        if not found:
            fail(f'{source} has no depth image that can be read')
        for shape in dict.fromkeys(image.shape for image in found):
            yield [image for image in found if image.shape == shape]
        return
    for text in sizes or _SIZES:
        yield synthetic_frames(_size(text), scale, count)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r'([1-9]\d*)x([1-9]\d*)', text)
    if match is None:
        fail(f'--size {text}: give width and height, such as 320x240', USAGE)
    return int(match[1]), int(match[2])


def _not_offered(check: EngineCheck) -> bool:
    """Whether it is a precision that nobody asked for and the engine does not have."""
    return bool(check.fault) and check.precision != 'f32'


def _is_good(check: EngineCheck) -> bool:
    """Whether an engine runs, and in f32 finds what f32 on the CPU finds."""
    if check.agreement is None:
        return False
    return check.agreement.holds or check.precision != 'f32'


def _write(
    path: Path, model: str, against: str, source: Path | None, checks: list[EngineCheck]
) -> None:
    from cdst_ros.evaluation.machine import environment

    content = {
        'model': model,
        'held_against': against,
        'frames': 'a procedural room' if source is None else source.name,
        'environment': environment(),
        'ok': all(_is_good(check) for check in checks),
        'rows': [check.to_json() for check in checks],
    }
    path.write_text(json.dumps(content, indent=2) + '\n')


def _show(model: str, against: str, source: Path | None, checks: list[EngineCheck]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    seen = 'a procedural room' if source is None else source.name
    console.print(f'{model} on {seen}, held against {against}', markup=False)
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ('engine', 'input'):
        table.add_column(name, no_wrap=True)
    for name in ('first s', 'ms', 'CPU ms', 'max mm', 'RMS mm'):
        table.add_column(name, justify='right', no_wrap=True)
    table.add_column('f32?', no_wrap=True)
    for check in checks:
        table.add_row(*map(escape, _cells(check)))
    console.print(table)
    for line in dict.fromkeys(_notes(checks)):
        console.print(line, markup=False)


def _cells(check: EngineCheck) -> list[str]:
    cells = [f'{check.engine} {check.precision}', '{}x{}'.format(*check.size)]
    if check.agreement is None or check.first_s is None:
        return [*cells, *[''] * 5, 'no']
    return [
        *cells,
        f'{check.first_s:.1f}',
        f'{check.wall_ms:.2f}',
        f'{check.cpu_ms:.2f}',
        f'{check.agreement.max_mm:.2g}',
        f'{check.agreement.rms_mm:.2g}',
        'yes' if check.agreement.holds else 'no',
    ]


def _notes(checks: list[EngineCheck]) -> Iterator[str]:
    """Yield what stands below the table; the same for all rows of a size."""
    yield 'first: until the first frame, the build included; ms: medians of a frame'
    yield 'f32?: whether it finds what f32 finds, but for roundings'
    for check in checks:
        size = '{}x{}'.format(*check.size)
        if check.agreement is not None:
            near, far = check.agreement.range_m
            yield f'errors at {size}: of depths from {near:.2f} to {far:.2f} m'
            if check.device != 'CPU':
                yield f'{check.engine}: {check.device}'
        elif check.fault:
            yield f'{check.engine} {check.precision} does not run: {check.fault}'
