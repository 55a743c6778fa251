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
Scores models on a recording: a bag, a recording folder, or a folder of images.

Frames are read one after the other and forgotten; what stays are their sums (``tally.py``), and
at the end the few frames worth seeing are read again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

from cdst_ros.depth.encodings import MILLIMETRES
from cdst_ros.depth.repetition import RepetitionDetector
from cdst_ros.evaluation.evaluation_bag import EvaluationBag, storage_of
from cdst_ros.evaluation.frame_scoring import Enlarged, FrameScorer
from cdst_ros.evaluation.journal import Journal
from cdst_ros.evaluation.lowering import DEFAULT, lowering
from cdst_ros.evaluation.machine import environment
from cdst_ros.evaluation.methods import Method, open_methods
from cdst_ros.evaluation.recording_report import KeptFrame, RecordingReport
from cdst_ros.evaluation.references import (
    LoweredPairs,
    Pairing,
    RecordedPairs,
    UnusableFrameError,
)
from cdst_ros.evaluation.replay import Stopwatch, realtime_factor
from cdst_ros.evaluation.report import EvaluationError, Progress, Report, Request
from cdst_ros.evaluation.scoreboard import MEASURED, told_of_checks
from cdst_ros.evaluation.skipped import Skipped
from cdst_ros.evaluation.sources import BagSource, Kind, Source, SourceFrame, open_source
from cdst_ros.evaluation.spread import spread
from cdst_ros.evaluation.staging import staged
from cdst_ros.evaluation.tally import FEWEST_STEPS, Tally
from cdst_ros.evaluation.verdict import verdict
from cdst_ros.recordings.bag import TOLERANCE_NS
from cdst_ros.recordings.errors import SeveralTopicsError
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engine import EngineError
from cdst_ros.superres.frame import Settings
from cdst_ros.superres.store import depth_models, find_model

NAME = 'recording'
#: Where nobody says how many frames to score: one a second, and at least so many.
FEWEST_BY_DEFAULT = 100
#: Frames that are looked at to see whether a driver has enlarged them already.
_LOOK_AT = 9


@dataclass(frozen=True)
class RecordingRequest:
    """
    What to evaluate.

    :param source: bag, recording, folder of images, or image
    :param models: names of shipped models or paths; None: the shipped ones of depth
        alone of the scales
    :param scales: empty: those of the models, or those that the reference is of
    :param frames: at most so many are scored, spread over the recording; 0: all; None: one a
        second, and at least ``FEWEST_BY_DEFAULT``
    :param settings: that the models run with, as the node has them
    :param depth_topic: of a bag, where it has several
    :param info_topic: of a bag, where it is not beside the depth topic; empty for none
    :param color_topic: of a bag, where it has several
    :param reference_topic: of a bag, depth of higher resolution to compare with
    :param tolerance_ns: that the stamps of input and reference may lie apart [ns]
    :param depth_scale: metres a unit of 16-bit images and messages
    :param degrade: protocol that makes the input where there is no reference, or though there is
    :param reduce: the recorded image is made so many times smaller first, without a reference
    :param journal: file that keeps the frames' sums, to go on after a kill
    :param bag: to write, of input, reference and enlarged depth
    :param replace: whether ``bag`` may take the place of another
    :param keep: whether to read the frames again that are worth seeing
    :param command: that asked for it, for the report
    """

    source: Path
    models: tuple[str, ...] | None = None
    scales: tuple[int, ...] = ()
    frames: int | None = None
    engine: str = 'auto'
    precision: str = 'f32'
    settings: Settings = field(default_factory=Settings)
    depth_topic: str | None = None
    info_topic: str | None = None
    color_topic: str | None = None
    reference_topic: str | None = None
    tolerance_ns: int = TOLERANCE_NS
    depth_scale: float = MILLIMETRES
    degrade: str | None = None
    reduce: int = 1
    journal: Path | None = None
    bag: Path | None = None
    replace: bool = False
    keep: bool = True
    command: str = ''
    progress: Progress = lambda done, total, what: None


def evaluate_recording(request: RecordingRequest) -> RecordingReport:
    """
    Score the classical methods and models on a recording.

    :raises EvaluationError: when it cannot be done as asked, or no frame makes a pair
    :raises SourceError: when the source is none
    :raises BagError: when the bag cannot be read
    :raises RecordingError: when the recording cannot be read
    :raises ModelError: for a model that cannot be used
    :raises EngineError: for an engine that cannot
    :raises OutputExistsError: when something is where the bag shall be
    :raises OSError: when the disk refuses
    """
    watch = Stopwatch()
    with ExitStack() as stack:
        source = stack.enter_context(_opened(request))
        _check_bag(request, source)
        pairing = _pairing(request, source)
        scales = pairing.scales(request.scales, _scales_of(request.models))
        methods = stack.enter_context(open_methods(_methods_wanted(request, scales), scales))
        run = _Run(request, source, pairing, scales, methods)
        if request.bag is not None:
            place = stack.enter_context(staged(request.bag, replace=request.replace))
            run.fill(place)
        else:
            run.fill(None)
        kept = run.kept() if request.keep else ()
        return run.report(kept, watch.seconds())


class _Run:
    """One evaluation."""

    def __init__(
        self,
        request: RecordingRequest,
        source: Source,
        pairing: Pairing,
        scales: tuple[int, ...],
        methods: list[Method],
    ) -> None:
        self._request = request
        self._source = source
        self._pairing = pairing
        self._methods = {
            scale: [method for method in methods if method.scale == scale] for scale in scales
        }
        bounded = request.settings.bounded
        self._tallies = {
            scale: Tally(of_scale, bounded=bounded) for scale, of_scale in self._methods.items()
        }
        self._unusable = Skipped()
        self._resumed = 0
        self._stamps: list[int] = []
        self._warnings: list[str] = []
        self._read_reasons: list[str] = []
        self._read_skipped = 0
        total, seconds = length_of(source)
        self._chosen = frozenset(spread(total, _wanted(request.frames, total, seconds)))
        self._total = total

    def fill(self, bag: Path | None) -> None:
        """Score the frames; write ``bag`` on the way."""
        request = self._request
        with ExitStack() as stack:
            journal = None
            if request.journal is not None:
                journal = stack.enter_context(Journal(request.journal, self._identity()))
            scorers = {
                scale: stack.enter_context(FrameScorer(methods, request.settings))
                for scale, methods in self._methods.items()
            }
            writer: EvaluationBag | None = None
            if bag is not None:
                folder = bag.with_name('bag')
                storage = storage_of(bag)
                with EvaluationBag(
                    folder, self._source, storage=storage, scales=len(scorers)
                ) as writer:
                    self._read(scorers, journal, writer)
                (folder / f'{folder.name}{storage}').rename(bag)
            else:
                self._read(scorers, journal, writer)
        if not any(len(tally) for tally in self._tallies.values()):
            reasons = self._source.skipped.reasons + self._unusable.reasons
            raise EvaluationError(
                f'no frame of {request.source} can be scored: {"; ".join(reasons) or "none"}'
            )

    def _read(
        self,
        scorers: dict[int, FrameScorer],
        journal: Journal | None,
        writer: EvaluationBag | None,
    ) -> None:
        repetition = RepetitionDetector(_LOOK_AT)
        before: dict[int, Enlarged] = {}
        done = 0
        for index, frame in enumerate(self._source):
            self._stamps.append(frame.stamp_ns)
            self._look_at(repetition, frame)
            wanted = not self._chosen or index in self._chosen
            follows = not self._chosen or index + 1 in self._chosen
            now: dict[int, Enlarged] = {}
            for scale, scorer in scorers.items():
                known = journal.get(index, scale) if journal is not None and wanted else None
                next_is_known = journal is not None and (index + 1, scale) in journal
                needed = (wanted and known is None) or (follows and not next_is_known)
                if known is not None:
                    self._tallies[scale].add(known)
                    self._resumed += 1
                if not (needed or writer is not None):
                    continue
                enlarged = self._enlarge(scorer, frame, index, scale, only_models=not needed)
                if enlarged is None:
                    continue
                if writer is not None:
                    models = {m.name for m in self._methods[scale] if m.is_model}
                    outputs = {n: o.depth for n, o in enlarged.outputs.items() if n in models}
                    writer.add(frame, enlarged.view, scale, outputs)
                if not needed:
                    continue
                now[scale] = enlarged
                if wanted and known is None:
                    sums = scorer.score(index, frame.name, enlarged, before.get(scale))
                    if journal is not None:
                        journal.add(sums)
                    self._tallies[scale].add(sums)
            before = now
            done += wanted
            self._request.progress(done, len(self._chosen), frame.name)
            if self._is_finished(index, writer):
                break
        self._read_reasons = self._source.skipped.reasons
        self._read_skipped = self._source.skipped.count

    def kept(self) -> tuple[KeptFrame, ...]:
        """Read the frames again that are worth seeing."""
        wanted: dict[int, list[tuple[int, str, int]]] = {}
        scores = {scale: tally.frames() for scale, tally in self._tallies.items()}
        for scale, tally in self._tallies.items():
            for role, place in tally.worth_seeing().items():
                index = scores[scale][place].index
                wanted.setdefault(index, []).append((scale, role, place))
        found: list[KeptFrame] = []
        with ExitStack() as stack:
            scorers = {
                scale: stack.enter_context(FrameScorer(methods, self._request.settings))
                for scale, methods in self._methods.items()
            }
            for index, frame in enumerate(self._source if wanted else ()):
                for scale, role, place in wanted.pop(index, []):
                    enlarged = self._enlarge(scorers[scale], frame, index, scale)
                    if enlarged is not None:
                        score, judged = scores[scale][place], self._tallies[scale].first_ranked()
                        outputs = {name: out.depth for name, out in enlarged.outputs.items()}
                        best = enlarged.outputs.get(judged or '')
                        found.append(
                            KeptFrame(
                                role=role,
                                score=score,
                                low=enlarged.view.low,
                                reference=enlarged.view.reference,
                                outputs=outputs,
                                sigma=None if best is None else best.sigma,
                                rgb=enlarged.view.rgb,
                                camera=enlarged.view.camera,
                            )
                        )
                if not wanted:
                    break
        roles = ('best', 'median', 'worst')
        return tuple(sorted(found, key=lambda one: (one.score.scale, roles.index(one.role))))

    def report(self, kept: tuple[KeptFrame, ...], seconds: float) -> RecordingReport:
        """Return what was found."""
        request, tallies = self._request, list(self._tallies.values())
        rows = [row for tally in tallies for row in tally.rows()]
        fewest = min(len(tally) for tally in tallies)
        told = verdict(rows, fewest, self._subject())
        recorded = (max(self._stamps) - min(self._stamps)) / 1e9 if self._stamps else 0.0
        report = Report(
            protocol=self._protocol(),
            conditions=self._conditions(fewest),
            rows=rows,
            checked=told_of_checks(request.settings.bounded, fewest),
            broken=[fault for tally in tallies for fault in tally.faults()],
            notes=list(self._notes()),
            verdict=told,
        )
        timing = {
            'frames': float(fewest),
            'frames_read': float(len(self._stamps)),
            'frames_resumed': float(self._resumed),
            'seconds': seconds,
            'recorded_seconds': recorded,
            # What was taken over took its time in another run.
            'realtime_factor': math.nan if self._resumed else realtime_factor(recorded, seconds),
        }
        bests = {
            scale: name
            for scale, tally in self._tallies.items()
            if (name := tally.baseline()) is not None
        }
        judged = [row.method for row in rows if 'versus' in row.details]
        return RecordingReport(
            report=report,
            source=str(request.source),
            command=request.command,
            created=datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ'),
            environment=environment(),
            baseline=next(iter(bests.values()), ''),
            baselines=bests,
            judged=tuple(dict.fromkeys(judged)),
            frames=tuple(frame for tally in tallies for frame in tally.frames()),
            bands={key: bands for tally in tallies for key, bands in tally.bands().items()},
            histogram={
                key: counts for tally in tallies for key, counts in tally.histograms().items()
            },
            kept=kept,
            verdict=told,
            timing=timing,
        )

    def _enlarge(
        self,
        scorer: FrameScorer,
        frame: SourceFrame,
        index: int,
        scale: int,
        *,
        only_models: bool = False,
    ) -> Enlarged | None:
        """Return what the methods make of a frame; a frame that makes no pair is counted."""
        names = [m.name for m in scorer.methods if m.is_model] if only_models else None
        try:
            view = self._pairing.view(frame, scale, index)
            return scorer.enlarge(view, frame.stamp_ns, frame.pose, names)
        except (UnusableFrameError, EngineError) as error:
            self._unusable.add(str(error), frame.name)
            return None

    def _look_at(self, repetition: RepetitionDetector, frame: SourceFrame) -> None:
        if repetition.factor is not None:
            return
        factor = repetition.update(frame.depth)
        if factor is not None and factor > 1:
            self._warnings.append(
                f'the depth images are already enlarged {factor:.2g} times, by repeating values: '
                "take the camera's own depth topic, or --reduce them first"
            )

    def _is_finished(self, index: int, writer: EvaluationBag | None) -> bool:
        """Return whether nothing is left to do: folders need not be read to their end."""
        last = bool(self._chosen) and index >= max(self._chosen)
        return last and writer is None and self._source.kind is not Kind.BAG

    def _identity(self) -> dict[str, Any]:
        """Return all that the sums depend on."""
        request = self._request
        stat = request.source.stat()
        return {
            'source': str(request.source.resolve()),
            'bytes': stat.st_size if request.source.is_file() else None,
            'pairing': self._pairing.told(),
            'topics': [request.depth_topic, request.reference_topic, request.color_topic],
            'depth_scale': request.depth_scale,
            'settings': {name: str(value) for name, value in asdict(request.settings).items()},
            'chosen': hashlib.sha256(repr(sorted(self._chosen)).encode()).hexdigest(),
            'methods': {
                str(scale): [_fingerprint(method) for method in methods]
                for scale, methods in self._methods.items()
            },
        }

    def _protocol(self) -> str:
        return f'{NAME}, {self._request.degrade or DEFAULT}' if self._is_lowered() else NAME

    def _is_lowered(self) -> bool:
        return isinstance(self._pairing, LoweredPairs)

    def _subject(self) -> str:
        how = ''
        if self._is_lowered():
            how = f', lowered by {self._request.degrade or DEFAULT} and restored,'
        return f'On this camera{how}'

    def _conditions(self, frames: int) -> str:
        request, read = self._request, len(self._stamps)
        scales = ', '.join(f'x{scale}' for scale in self._methods)
        which = 'all' if frames >= read else f'{frames}, spread over the {read}'
        bounded = '' if request.settings.bounded else 'not '
        return (
            f'{request.source.name}, {which} frames, {scales}. {self._pairing.told()} {MEASURED} '
            f'Models {bounded}bounded, run frame by frame as the node does; latency is that of '
            'the one-frame path, decoding and encoding left out.'
        )

    def _notes(self) -> Iterator[str]:
        yield from self._warnings
        yield from self._pairing.notes
        backwards = sum(b < a for a, b in pairwise(self._stamps))
        if backwards:
            yield (
                f'{backwards} of {len(self._stamps)} stamps lie before that of the frame before: '
                'frames are scored in the order they were recorded in'
            )
        if self._read_skipped:
            yield f'{self._read_skipped} frames could not be read'
        yield from self._read_reasons
        if self._unusable.count:
            yield f'{self._unusable.count} frames could not be scored'
            yield from self._unusable.reasons
        for scale, tally in self._tallies.items():
            if tally.left_out():
                names = ', '.join(tally.left_out())
                yield f'x{scale}: {names} left out, a frame has no colour registered to depth'
            if tally.without_camera:
                yield (
                    f'x{scale}: {tally.without_camera} frames have no calibrated camera_info: no '
                    'occupancy of those'
                )
        tally = next(iter(self._tallies.values()))
        yield _flicker_note(tally)
        if self._resumed:
            yield f'{self._resumed} scores were taken over from {self._request.journal}'


def length_of(source: Source) -> tuple[int, float]:
    """
    Return how many frames a source has at most, and how long it is [s], 0 where unknown.

    Of a damaged bag, which does not say, the messages are counted.
    """
    total = len(source)
    if not isinstance(source, BagSource):
        return total, 0.0
    reader = source.reader
    times = [raw.log_time_ns for raw in _raw_depth(source)] if not total else []
    if times:
        return len(times), (max(times) - min(times)) / 1e9
    return total, reader.stream.seconds


def _raw_depth(source: BagSource) -> Iterator[Any]:
    return source.reader.stream.messages([source.reader.topics.depth])


def _opened(request: RecordingRequest) -> Source:
    if request.reduce < 1:
        raise EvaluationError(f'--reduce {request.reduce}: give 1 or more')
    try:
        return open_source(
            request.source,
            depth_scale=request.depth_scale,
            color=True,
            require_color=False,
            depth_topic=request.depth_topic,
            info_topic=request.info_topic,
            color_topic=request.color_topic,
            reference=request.degrade is None,
            reference_topic=request.reference_topic,
            tolerance_ns=request.tolerance_ns,
        )
    except SeveralTopicsError as error:
        if request.reference_topic is not None:
            raise
        raise EvaluationError(
            f'{error} If another one is depth of the same scene in higher resolution, compare '
            'with it: --reference-topic'
        ) from error


def _check_bag(request: RecordingRequest, source: Source) -> None:
    """Refuse to write a bag that could not be written, before an hour's work."""
    if request.bag is None:
        return
    storage_of(request.bag)
    if source.kind not in (Kind.BAG, Kind.RECORDING):
        raise EvaluationError(
            f'frames of a bag have stamps, and those of {request.source} have none: import it '
            'first ("cdst-ros record import")'
        )


def _pairing(request: RecordingRequest, source: Source) -> Pairing:
    """Return how pairs are made: of recorded references where there are, else by a protocol."""
    if request.degrade is not None and request.reference_topic is not None:
        raise EvaluationError('there is a reference: leave --degrade out, or --reference-topic')
    first = next(iter(source), None)
    if first is None:
        reasons = '; '.join(source.skipped.reasons) or 'it is empty'
        raise EvaluationError(f'no frame of {request.source} can be read: {reasons}')
    if first.reference is not None:
        if request.reduce > 1:
            raise EvaluationError('--reduce is for recordings without a reference')
        name = request.reference_topic or "the recording's own reference"
        return RecordedPairs(first, request.tolerance_ns, name)
    try:
        return LoweredPairs(lowering(request.degrade or DEFAULT), reduce=request.reduce)
    except ValueError as error:
        raise EvaluationError(str(error)) from error


def _scales_of(models: tuple[str, ...] | None) -> list[int]:
    """Return the scales that there are models of."""
    files = [find_model(name) for name in models] if models else list(depth_models().values())
    return sorted({read_metadata(file).scale for file in files})


def _methods_wanted(request: RecordingRequest, scales: tuple[int, ...]) -> Request:
    models = request.models
    if models is None:
        models = tuple(depth_models(scales))
    return Request(models=models, engine=request.engine, precision=request.precision)


def _wanted(asked: int | None, total: int, seconds: float) -> int | None:
    """Return how many frames are to be scored, None for all."""
    if asked is None:
        return max(FEWEST_BY_DEFAULT, round(seconds)) if total else None
    return asked or None


def _fingerprint(method: Method) -> dict[str, Any]:
    """Return what tells a method from others that have its name."""
    info = method.engine.info
    found = {'name': method.name, 'engine': info.engine, 'precision': info.precision}
    if method.is_model:
        file = method.file
        found['sha256'] = hashlib.sha256(file.read_bytes()).hexdigest() if file else ''
    return found


def _flicker_note(tally: Tally) -> str:
    """Return of how many steps flicker was taken, and why not of the others."""
    told = ', '.join(f'{count} {kind}' for kind, count in sorted(tally.steps.items()))
    return (
        f'flicker: steps into the {len(tally)} frames scored: {told}; told of {FEWEST_STEPS} '
        'or more that are still, or moving with known poses'
    )
