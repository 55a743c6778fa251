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
"""``cdst-ros upscale``: enlarge the depth of a bag, a recording, a folder or an image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cdst_ros.cli import options
from cdst_ros.cli.failure import USAGE, fail, told_plainly
from cdst_ros.cli.progress import progress_bar

if TYPE_CHECKING:
    from cdst_ros.evaluation.upscale import UpscaleSummary

_DEFAULT_MODEL = 'lite_x4'
_OUTPUTS = 'Output'
_BAGS = 'Bags'
_FRAMES = 'One frame'


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('upscale')(upscale)


def upscale(
    source: Annotated[
        Path,
        typer.Argument(
            metavar='IN', help='Bag (.mcap, .db3, rosbag2 folder), recording, folder or image.'
        ),
    ],
    output: Annotated[Path, typer.Argument(metavar='OUT', help='To make; of the kind of IN.')],
    *,
    model: Annotated[
        str | None,
        typer.Option(help=f'Shipped model or .onnx file.  [default: {_DEFAULT_MODEL}]'),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help='auto, tensorrt, openvino, onnxruntime, or without a model: nearest, bilinear, '
            'bicubic, joint_bilateral.'
        ),
    ] = 'auto',
    scale: Annotated[int | None, typer.Option(help='For engines without a model.')] = None,
    precision: Annotated[str, typer.Option(help='f32, or what else the engine offers.')] = 'f32',
    threads: Annotated[int | None, typer.Option(min=1, help='[default: all cores]')] = None,
    unbounded: Annotated[
        bool, typer.Option('--unbounded', help='Do not bound.', rich_help_panel=_FRAMES)
    ] = False,
    fill_holes: Annotated[int, options.fill_holes(_FRAMES)] = 0,
    max_sigma: Annotated[float | None, options.max_sigma(_FRAMES)] = None,
    min_depth: Annotated[float, options.min_depth(_FRAMES)] = 0.0,
    max_depth: Annotated[float, options.max_depth(_FRAMES)] = float('inf'),
    depth_topic: Annotated[str | None, options.depth_topic(_BAGS)] = None,
    info_topic: Annotated[str | None, options.info_topic(_BAGS)] = None,
    color_topic: Annotated[
        str | None,
        typer.Option(help='For what sees colour, if there are several.', rich_help_panel=_BAGS),
    ] = None,
    depth_scale: Annotated[
        float, typer.Option(help='Metres a unit of 16-bit images and messages.')
    ] = 0.001,
    kind: Annotated[
        str | None,
        typer.Option(help='bag, recording or folder.', rich_help_panel=_OUTPUTS),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help='16UC1 or 32FC1.  [default: as IN]', rich_help_panel=_OUTPUTS),
    ] = None,
    force: Annotated[
        bool, typer.Option('--force', help='Replace OUT.', rich_help_panel=_OUTPUTS)
    ] = False,
    json_file: Annotated[
        Path | None,
        typer.Option('--json', metavar='FILE', help='Write the summary here as well.'),
    ] = None,
) -> None:
    """
    Enlarge depth offline, by exactly the code that the node runs.

    OUT appears when it is whole. A damaged message or image costs itself only, and is counted. A
    bag gets the topics /depth_hr/image_raw and /depth_hr/camera_info with the stamps and frames of
    its input.

    Example: `cdst-ros upscale drive.mcap drive_hr.mcap --model lite_x4`
    """
    from cdst_ros.evaluation.sources import Kind, SourceError, open_source
    from cdst_ros.evaluation.staging import OutputExistsError
    from cdst_ros.evaluation.upscale import Destination, UpscaleError
    from cdst_ros.evaluation.upscale import upscale as run
    from cdst_ros.recordings.errors import BagError, RecordingError
    from cdst_ros.superres.engine import EngineError, ModelError
    from cdst_ros.superres.engines import CLASSICAL_ENGINES, open_engine
    from cdst_ros.superres.frame import Settings, SuperResolution

    if kind is not None and kind not in {k.value for k in Kind}:
        fail(f'--kind {kind}: use one of {", ".join(k.value for k in Kind)}', USAGE)
    if encoding not in (None, '16UC1', '32FC1'):
        fail(f'--encoding {encoding}: use 16UC1 (millimetres) or 32FC1 (metres)', USAGE)
    if not depth_scale > 0:
        fail(f'--depth-scale {depth_scale}: give the metres of a unit, such as 0.001', USAGE)
    if engine not in CLASSICAL_ENGINES:
        model = model or _DEFAULT_MODEL
    with told_plainly(ValueError):
        settings = Settings(
            bounded=not unbounded,
            max_sigma=max_sigma,
            fill_holes=fill_holes,
            min_depth=min_depth,
            max_depth=max_depth,
        )
    expected = (
        BagError,
        EngineError,
        ModelError,
        OSError,
        OutputExistsError,
        RecordingError,
        SourceError,
        UpscaleError,
    )
    with told_plainly(*expected):
        opened = open_engine(model, engine, precision, scale=scale, threads=threads)
        try:
            with (
                open_source(
                    source,
                    depth_scale=depth_scale,
                    color=opened.info.guided,
                    depth_topic=depth_topic,
                    info_topic=info_topic,
                    color_topic=color_topic,
                    require_color=not opened.info.works_blind,
                ) as frames,
                progress_bar('Enlarging') as progress,
            ):
                summary = run(
                    frames,
                    source,
                    SuperResolution(opened, settings),
                    Destination(
                        output,
                        None if kind is None else Kind(kind),
                        encoding,
                        depth_scale,
                        replace=force,
                    ),
                    progress,
                )
        finally:
            opened.close()
        if json_file is not None:
            json_file.write_text(json.dumps(summary.to_json(), indent=2) + '\n')
    _show(summary)


def _show(summary: UpscaleSummary) -> None:
    engine = summary.engine
    typer.echo(
        f'{summary.frames} frames x{engine.scale} by {engine.model} ({engine.engine}, '
        f'{engine.precision}) -> {summary.output} ({summary.kind.value})'
    )
    faster = summary.realtime_factor
    typer.echo(
        f'{summary.seconds:.1f} s, {summary.fps:.1f} frames a second'
        + ('' if faster is None else f', {faster:.1f} times as fast as recorded')
        + f'; {summary.stage_ms.get("infer", 0):.1f} ms a frame in the engine; '
        f'the bound changed {100 * summary.clipped_fraction:.2f} % of the pixels'
    )
    if summary.skipped or summary.reasons:
        typer.echo(f'{summary.skipped} frames skipped:')
        for reason in summary.reasons:
            typer.echo(f'  {reason}')
    for warning in summary.warnings:
        typer.secho(f'warning: {warning}', fg=typer.colors.YELLOW, err=True)
