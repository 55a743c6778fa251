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
"""``cdst-ros evaluate``: methods side by side, by a named protocol or on a recording."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cdst_ros.cli import options
from cdst_ros.cli.failure import FAILURE, USAGE, fail, told_plainly
from cdst_ros.cli.progress import progress_bar

if TYPE_CHECKING:
    from cdst_ros.evaluation.protocols import Protocol
    from cdst_ros.evaluation.recording_report import RecordingReport
    from cdst_ros.evaluation.recording_run import RecordingRequest
    from cdst_ros.evaluation.report import Request

_RECORDINGS = 'Recordings'
_PAIRS = 'Recordings: input and reference'
_FRAMES = 'Recordings: one frame'
_LIVE = 'Recordings: live'
_OUTPUTS = 'Output'


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command('evaluate')(evaluate)


def evaluate(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help='Bag (.mcap, .db3, rosbag2 folder), recording or folder of images; or a '
            'protocol: middlebury6, hololens_x2, replica_x4, tartanair_x4, synthetic_PROFILE ...'
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            help='Of a protocol: folder of its data set, where it makes none of its own.'
        ),
    ] = None,
    scale: Annotated[
        list[int] | None,
        typer.Option(help='May be repeated.  [default: all of the protocol, or of the models]'),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help='Shipped model, .onnx file, or none; may be repeated. Each is run at its own '
            'scale.  [default: the shipped ones of depth alone]'
        ),
    ] = None,
    *,
    engine: Annotated[str, typer.Option(help='Runs the models.')] = 'auto',
    precision: Annotated[str, typer.Option(help='f32, or what else the engine offers.')] = 'f32',
    unbounded: Annotated[
        bool, typer.Option('--unbounded', help='Switch the bound of the models off.')
    ] = False,
    frames: Annotated[
        int | None,
        typer.Option(
            min=0,
            help='At most so many frames, spread over the data; 0: all.  [default: all of a '
            'protocol; of a recording one a second, and at least 100]',
        ),
    ] = None,
    published: Annotated[
        bool, typer.Option('--published', help='Of a protocol: print what papers print, too.')
    ] = False,
    reference_topic: Annotated[
        str | None,
        typer.Option(help='Depth of higher resolution to compare with.', rich_help_panel=_PAIRS),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            min=0,
            help='Input and reference lie at most so far apart [ms].',
            rich_help_panel=_PAIRS,
        ),
    ] = 5.0,
    degrade: Annotated[
        str | None,
        typer.Option(
            help='Without a reference, lower the recorded depth and restore it: valid_median, '
            'area, pick, cubic, or a sensor profile.  [default: valid_median]',
            rich_help_panel=_PAIRS,
        ),
    ] = None,
    reduce: Annotated[
        int,
        typer.Option(
            min=1,
            help='Make the recorded depth so many times smaller first, such as 2 where a driver '
            'enlarged it.',
            rich_help_panel=_PAIRS,
        ),
    ] = 1,
    depth_topic: Annotated[str | None, options.depth_topic(_RECORDINGS)] = None,
    info_topic: Annotated[str | None, options.info_topic(_RECORDINGS)] = None,
    color_topic: Annotated[
        str | None,
        typer.Option(
            help='For joint_bilateral, if the bag has several.', rich_help_panel=_RECORDINGS
        ),
    ] = None,
    depth_scale: Annotated[
        float,
        typer.Option(
            help='Metres a unit of 16-bit images and messages.', rich_help_panel=_RECORDINGS
        ),
    ] = 0.001,
    fill_holes: Annotated[int, options.fill_holes(_FRAMES)] = 0,
    max_sigma: Annotated[float | None, options.max_sigma(_FRAMES)] = None,
    min_depth: Annotated[float, options.min_depth(_FRAMES)] = 0.0,
    max_depth: Annotated[float, options.max_depth(_FRAMES)] = float('inf'),
    live: Annotated[
        bool,
        typer.Option(
            '--live',
            help='Play it through the real nodes over DDS; every frame waits until the one before '
            'has been scored, so that none is lost.',
            rich_help_panel=_LIVE,
        ),
    ] = False,
    realtime: Annotated[
        float | None,
        typer.Option(
            metavar='HZ',
            min=0.1,
            help='With --live: play at this rate instead of waiting; what comes too late is '
            'dropped, and counted.',
            rich_help_panel=_LIVE,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar='FILE',
            help='Keep the scores of frames in this file, and go on from what it holds.',
            rich_help_panel=_OUTPUTS,
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            '--json', metavar='FILE', help='Write the report here.', rich_help_panel=_OUTPUTS
        ),
    ] = None,
    csv_file: Annotated[
        Path | None,
        typer.Option(
            '--csv',
            metavar='FILE',
            help='Of a recording: write a row a frame and method here.',
            rich_help_panel=_OUTPUTS,
        ),
    ] = None,
    html_file: Annotated[
        Path | None,
        typer.Option(
            '--html',
            metavar='FILE',
            help='Of a recording: write the report with plots and pictures here.',
            rich_help_panel=_OUTPUTS,
        ),
    ] = None,
    error_maps: Annotated[
        Path | None,
        typer.Option(
            metavar='FOLDER',
            help='Of middlebury6: write a picture of the errors of every method and scene here, '
            'red too near, blue too far.',
            rich_help_panel=_OUTPUTS,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar='BAG',
            help='Of a recording: write input, reference and enlarged depth with their cameras, '
            'to look at in rviz2 or Foxglove.',
            rich_help_panel=_OUTPUTS,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option('--force', help='Replace BAG.', rich_help_panel=_OUTPUTS)
    ] = False,
) -> None:
    """
    Score the classical methods and models, by a named protocol or on a recording of your own.

    Every frame of a model is also checked for its bound and its holes; a broken one ends in exit
    code 1. The last line is the verdict.

    Example: `cdst-ros evaluate drive.mcap --html report.html`, `cdst-ros evaluate walk.mcap
    --depth-topic /depth/image_raw --reference-topic /truth/image_raw`, or `cdst-ros evaluate
    middlebury6 --data middlebury6/ --scale 4 --model lite_x4`; live: `cdst-ros evaluate
    drive.mcap --live --model lite_x2`
    """
    from cdst_ros.evaluation.protocols import PROTOCOLS
    from cdst_ros.evaluation.protocols import protocol as find_protocol
    from cdst_ros.evaluation.recording_run import RecordingRequest
    from cdst_ros.evaluation.report import EvaluationError, Request
    from cdst_ros.superres.frame import Settings

    asked = tuple(name for name in model if name != 'none') if model else None
    if source not in PROTOCOLS and Path(source).exists():
        _refuse(ctx, _OF_PROTOCOLS, 'is of a protocol, and this is a recording')
        if not depth_scale > 0:
            fail(f'--depth-scale {depth_scale}: give the metres of a unit, such as 0.001', USAGE)
        with told_plainly(ValueError):
            settings = Settings(
                bounded=not unbounded,
                max_sigma=max_sigma,
                fill_holes=fill_holes,
                min_depth=min_depth,
                max_depth=max_depth,
            )
        if live:
            _refuse(ctx, _NOT_LIVE, 'is of offline evaluations, and this is a live one')
            _live_on(
                source=Path(source),
                models=asked,
                engine=engine,
                scales=scale,
                values={
                    'precision': precision,
                    'bounded': not unbounded,
                    'frames': frames or None,
                    'depth_topic': depth_topic or '',
                    'reference_topic': reference_topic or '',
                    'degrade': degrade,
                    'reduce': reduce,
                    'realtime': realtime is not None,
                    'rate_hz': realtime or 30.0,
                    'json': json_file,
                    'html': html_file,
                },
            )
            return
        if realtime is not None:
            fail('--realtime is of --live evaluations: give both, or leave it out', USAGE)
        recording = RecordingRequest(
            source=Path(source),
            models=asked,
            scales=tuple(sorted(set(scale or ()))),
            frames=frames,
            engine=engine,
            precision=precision,
            settings=settings,
            depth_topic=depth_topic,
            info_topic=info_topic,
            color_topic=color_topic,
            reference_topic=reference_topic,
            tolerance_ns=round(1e6 * tolerance),
            depth_scale=depth_scale,
            degrade=degrade,
            reduce=reduce,
            journal=resume,
            bag=out,
            replace=force,
            keep=html_file is not None,
            command=shlex.join(['cdst-ros', *sys.argv[1:]]),
        )
        _on_recording(recording, json_file, csv_file, html_file)
        return
    try:
        protocol = find_protocol(source)
    except EvaluationError as error:
        fail(f'{source} is no file or folder, and {error}', USAGE)
    _refuse(ctx, _OF_RECORDINGS, f'is of recordings, and {source} is a protocol')
    if data is None and not protocol.makes_data:
        fail(f'{source} needs its data: say where they are with --data', USAGE)
    if data is not None and protocol.makes_data:
        fail(f'{source} makes its own data: leave --data out', USAGE)
    if error_maps is not None and not protocol.draws_errors:
        fail(f'{source} makes no pictures of errors: leave --error-maps out', USAGE)
    scales = tuple(sorted(set(scale or protocol.scales)))
    request = Request(
        data=data,
        scales=scales,
        models=_shipped(scales) if asked is None else asked,
        engine=engine,
        precision=precision,
        bounded=not unbounded,
        frames=frames or None,
        error_maps=error_maps,
    )
    _by_protocol(protocol, request, published, json_file)


_OF_PROTOCOLS = ('data', 'published', 'error_maps')
_OF_RECORDINGS = (
    'reference_topic',
    'tolerance',
    'degrade',
    'reduce',
    'depth_topic',
    'info_topic',
    'color_topic',
    'depth_scale',
    'fill_holes',
    'max_sigma',
    'min_depth',
    'max_depth',
    'resume',
    'csv_file',
    'html_file',
    'out',
    'force',
    'live',
    'realtime',
)
_NOT_LIVE = (
    'tolerance',
    'info_topic',
    'color_topic',
    'depth_scale',
    'fill_holes',
    'max_sigma',
    'min_depth',
    'max_depth',
    'resume',
    'csv_file',
    'out',
    'force',
)


def _refuse(ctx: typer.Context, names: tuple[str, ...], why: str) -> None:
    """Refuse options that were given and would have no effect."""
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or '')
        if parameter.name in names and source is not None and source.name == 'COMMANDLINE':
            fail(f'{parameter.opts[0]} {why}: leave it out', USAGE)


def _live_on(
    source: Path,
    models: tuple[str, ...] | None,
    engine: str,
    scales: list[int] | None,
    values: dict[str, Any],
) -> None:
    """Evaluate live: one method at a time, as one node runs one."""
    from cdst_ros.cli.evaluate_live import evaluate_live
    from cdst_ros.nodes.live_evaluation import LiveEvaluation

    if len(models or ()) > 1 or len(scales or ()) > 1:
        fail('--live runs one model: give one --model, and one --scale at most', USAGE)
    chosen: dict[str, Any] = {'model': models[0]} if models else {}
    if scales:
        chosen['scale'] = scales[0]
    evaluate_live(LiveEvaluation(source, engine=engine, **chosen, **values))


def _by_protocol(
    protocol: Protocol, request: Request, published: bool, json_file: Path | None
) -> None:
    from dataclasses import replace

    from cdst_ros.cli.evaluation_view import show_report
    from cdst_ros.evaluation.plain import json_text

    with told_plainly(*_expected()), progress_bar('Evaluating') as progress:
        report = protocol.run(replace(request, progress=progress))
    shown = [row for row in protocol.published if published and row.scale in request.scales]
    show_report(report, protocol.name, shown, protocol.caveat)
    if json_file is not None:
        values = report.to_json()
        if shown:
            values['published'] = [row.to_json() for row in shown]
            values['caveat'] = protocol.caveat
        with told_plainly(OSError):
            json_file.write_text(json_text(values))
    if report.broken:
        raise typer.Exit(FAILURE)


def _on_recording(
    request: RecordingRequest,
    json_file: Path | None,
    csv_file: Path | None,
    html_file: Path | None,
) -> None:
    from dataclasses import replace

    from cdst_ros.cli.evaluation_view import show_recording
    from cdst_ros.evaluation.frame_table import write_csv
    from cdst_ros.evaluation.plain import json_text
    from cdst_ros.evaluation.recording_run import evaluate_recording

    writers: list[tuple[Path, Callable[[RecordingReport, Path], object]]] = []
    if json_file is not None:
        writers.append((json_file, lambda report, p: p.write_text(json_text(report.to_json()))))
    if csv_file is not None:
        writers.append((csv_file, write_csv))
    if html_file is not None:
        from cdst_ros.evaluation.html import MissingLibraryError, check_libraries, write_html

        with told_plainly(MissingLibraryError):
            check_libraries()
        writers.append((html_file, write_html))
    with told_plainly(*_expected()), progress_bar('Evaluating') as progress:
        report = evaluate_recording(replace(request, progress=progress))
    for path, write in writers:
        with told_plainly(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write(report, path)
    show_recording(report)
    if report.report.broken:
        raise typer.Exit(FAILURE)


def _expected() -> tuple[type[Exception], ...]:
    """Return what is told without a traceback."""
    from cdst_ros.evaluation.report import EvaluationError
    from cdst_ros.evaluation.sources import SourceError
    from cdst_ros.recordings.errors import BagError, RecordingError
    from cdst_ros.superres.engine import EngineError, ModelError

    return (
        BagError,
        EngineError,
        EvaluationError,
        ModelError,
        OSError,
        RecordingError,
        SourceError,
    )


def _shipped(scales: tuple[int, ...]) -> tuple[str, ...]:
    """Return the shipped models of depth alone of these scales."""
    from cdst_ros.superres.store import depth_models

    return tuple(depth_models(scales))
