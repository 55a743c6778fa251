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
"""``cdst-ros convert``: a model in another precision, checked against the one in float32."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdst_ros.cli.failure import FAILURE, USAGE, fail, told_plainly
from cdst_ros.cli.progress import progress_bar

if TYPE_CHECKING:
    from cdst_ros.depth.arrays import F32
    from cdst_ros.evaluation.precision_check import PrecisionCheck
    from cdst_ros.superres.contract import ModelMetadata

_REMEDY = 'install what converting needs: pip install -e ".[convert]" in the checkout'
_BOUND = 2.0


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('convert')(convert)


def convert(
    model: Annotated[str, typer.Argument(help='Shipped model or .onnx file, in f32.')],
    to: Annotated[str, typer.Option(help='f16 (for GPUs) or int8 (for GPUs, CPUs with VNNI).')],
    out: Annotated[Path, typer.Option(help='ONNX file to write.')],
    *,
    calibrate: Annotated[
        list[Path] | None,
        typer.Option(
            metavar='SOURCE',
            help='Bag, recording, folder or image whose frames int8 is calibrated on, besides '
            'procedural rooms; may be repeated.',
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar='PROTOCOL=FOLDER',
            help='Data of middlebury6 or hololens_x2, to measure the accuracy on as well; may be '
            'repeated.',
        ),
    ] = None,
    frames: Annotated[int, typer.Option(min=1, help='Procedural views to measure on.')] = 12,
    bound: Annotated[
        float,
        typer.Option(min=0, help='No error may grow by more than this [%]; else it is refused.'),
    ] = _BOUND,
    json_file: Annotated[
        Path | None,
        typer.Option('--json', metavar='FILE', help='Write the figures here as well.'),
    ] = None,
) -> None:
    """
    Convert a model to a lower precision, and keep it only if it loses little.

    Inputs, outputs, the local view and the skip stay in f32. Errors are in mm against f32, and
    those of every protocol stand beside those of f32. Where one of them grows by more than the
    bound, nothing is written and the exit code is 1.

    Example: `cdst-ros convert lite_x4 --to int8 --out lite_x4_int8.onnx --data
    middlebury6=data/middlebury6`
    """
    try:
        from cdst_ros.superres.graph import conversion
    except ImportError as error:
        fail(f'{error}: {_REMEDY}')
    from cdst_ros.evaluation.precision_check import check_frames, check_precision, trials_of
    from cdst_ros.evaluation.report import EvaluationError
    from cdst_ros.evaluation.sources import SourceError
    from cdst_ros.recordings.errors import BagError, RecordingError
    from cdst_ros.superres.contract import read_metadata
    from cdst_ros.superres.engine import EngineError, ModelError
    from cdst_ros.superres.store import find_model

    if to not in conversion.PRECISIONS:
        fail(f'--to {to}: use {" or ".join(conversion.PRECISIONS)}', USAGE)
    if calibrate and to != 'int8':
        fail(f'--calibrate is of int8; {to} needs none: leave it out', USAGE)
    expected = (
        BagError, EngineError, EvaluationError, ModelError, OSError, RecordingError, SourceError,
    )  # fmt: skip
    with told_plainly(*expected), progress_bar('Measuring') as show:
        path = find_model(model)
        metadata = read_metadata(path)
        trials = trials_of(metadata, _folders(data or []), frames)
        if not trials:
            fail(f'nothing to measure {metadata.name} on: give --data of a protocol of its scale')
        found, told = _calibration(metadata, calibrate or []) if to == 'int8' else ([], '')
        made = conversion.convert(path, to, found, told)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            new = Path(folder) / out.name
            conversion.save(made, new)
            check = check_precision(
                path, new, check_frames(metadata), trials, bound=bound / 100, progress=show
            )
            if check.holds:
                conversion.with_check(made, check.to_json())
                conversion.save(made, new)
                os.replace(new, out)
        if json_file is not None:
            _write(json_file, metadata.name, to, told, check)
    _show(metadata.name, check)
    if not check.holds:
        fail(
            f'{check.model} is refused: {_told(check)}, and {bound:g} % is the bound; nothing was '
            'written. Calibrate on frames of your own camera, or accept more with --bound',
            FAILURE,
        )
    typer.echo(f'{out}: {check.model}, {out.stat().st_size / 1000:.0f} kB; {_told(check)}')


def _folders(data: list[str]) -> dict[str, Path]:
    folders = {}
    for text in data:
        name, _, folder = text.partition('=')
        if not folder:
            fail(
                f'--data {text}: write PROTOCOL=FOLDER, as in middlebury6=data/middlebury6', USAGE
            )
        folders[name] = Path(folder)
    return folders


def _calibration(metadata: ModelMetadata, sources: list[Path]) -> tuple[list[F32], str]:
    """Return frames to calibrate on, and what they are, in words."""
    from cdst_ros.evaluation.engine_check import recorded_frames
    from cdst_ros.evaluation.precision_check import calibration_frames

    rooms = calibration_frames(metadata)
    told = [f'{len(rooms)} frames of procedural rooms as the profile {metadata.profile} sees them']
    found = list(rooms)
    for source in sources:
        recorded = recorded_frames(source, len(rooms))
        told.append(f'{len(recorded)} frames of {source.name}')
        found += recorded
    return found, ', '.join(told)


def _write(path: Path, model: str, to: str, told: str, check: PrecisionCheck) -> None:
    from cdst_ros.evaluation.machine import environment

    content: dict[str, Any] = {
        'model': model,
        'precision': to,
        'calibrated_on': told,
        'environment': environment(),
        **check.to_json(),
    }
    path.write_text(json.dumps(content, indent=2) + '\n')


def _told(check: PrecisionCheck) -> str:
    worst = check.worst
    return (
        f'{worst.figure} of {worst.protocol} goes from {worst.before:.4g} to {worst.after:.4g} '
        f'({100 * worst.growth:+.2f} %)'
    )


def _show(model: str, check: PrecisionCheck) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    for name in ('protocol', 'error'):
        table.add_column(name, no_wrap=True)
    for name in (model, check.model, 'growth'):
        table.add_column(name, justify='right', no_wrap=True)
    for loss in check.losses:
        growth = f'{100 * loss.growth:+.2f} %'
        table.add_row(
            loss.protocol, loss.figure, f'{loss.before:.4g}', f'{loss.after:.4g}', growth
        )
    console.print(table)
    for one in check.engines:
        if one.agreement is None:
            console.print(f'{one.engine} does not run it: {one.fault}', markup=False)
            continue
        near, far = one.agreement.range_m
        console.print(
            f'{one.engine}: at most {one.agreement.max_mm:.3g} mm and {one.agreement.rms_mm:.3g} '
            f'mm RMS from f32, at {near:.2f} to {far:.2f} m',
            markup=False,
        )
