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
"""The report of a live run: what a topic published, scored as an offline evaluation scores it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.frame_scoring import Enlarged, FrameScorer, Output, score_frame
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.live import LiveRun, Sample
from cdst_ros.evaluation.machine import environment
from cdst_ros.evaluation.methods import Method
from cdst_ros.evaluation.recording_report import KeptFrame, RecordingReport
from cdst_ros.evaluation.report import EvaluationError, Progress, Report, Row
from cdst_ros.evaluation.scoreboard import MEASURED, told_of_checks
from cdst_ros.evaluation.scoring import ROUNDING_M
from cdst_ros.evaluation.tally import Tally
from cdst_ros.evaluation.verdict import verdict
from cdst_ros.superres.engines import CLASSICAL_ENGINES, open_engine
from cdst_ros.superres.frame import Settings

PROTOCOL = 'live'
#: What the superres node says of itself that belongs to its row.
_DETAILS = ('engine', 'model', 'precision', 'device')
#: Runs of frames that follow each other have this name, as those of a recording.
_SEQUENCE = 'recording'


@dataclass(frozen=True)
class Heard:
    """
    The output that was listened to, as one of the methods that are compared.

    :param name: of the model, or of the classical method
    :param scale: output pixels per input pixel, each way
    :param is_model: whether a model made it
    :param said: what the superres node said of itself
    """

    name: str
    scale: int
    is_model: bool
    said: dict[str, str]
    guided: bool = False

    def details(self) -> dict[str, Any]:
        """Return what ran it, as JSON values."""
        return {key: self.said[key] for key in _DETAILS if key in self.said}


@dataclass(frozen=True)
class Listened:
    """
    How a live run was made.

    :param source: what was played, for people
    :param model: name of the model that ran, empty for a classical method
    :param noise: of the sensor that it is meant for
    :param bound_sigmas: that its bound gives or takes; None: it was not bounded
    :param command: that made the run
    """

    source: str
    model: str
    noise: NoiseModel
    bound_sigmas: float | None
    command: str = ''


def recording_report(
    run: LiveRun, listened: Listened, progress: Progress = lambda done, total, what: None
) -> RecordingReport:
    """
    Score every sample of a live run.

    The classical methods are run here, on the inputs that were heard.

    :raises EvaluationError: when there is no sample
    """
    if not len(run.samples):
        raise EvaluationError(
            'no output was heard together with its input and reference: nothing can be scored'
        )
    scale = _scale(run.samples[0])
    with _classical(scale) as classical:
        heard = _heard(run, listened, scale)
        methods = [method for method in classical if method.name != heard.name]
        tally = Tally([*methods, heard], bounded=listened.bound_sigmas is not None)
        # Colour is not listened to, so guided methods do not run.
        with FrameScorer(methods, Settings()) as scorer, ThreadPoolExecutor() as pool:
            scene = _Scene(run, heard, listened, scorer, pool)
            for place in range(len(run.samples)):
                progress(place, len(run.samples), 'scoring')
                scene.add(place, tally)
            report = _report(run, listened, tally, scene.left_out)
            kept = tuple(scene.kept(tally))
    return RecordingReport(
        report=report,
        source=listened.source,
        command=listened.command,
        created=datetime.now(timezone.utc).isoformat(timespec='seconds'),
        environment=environment(),
        baseline=tally.baseline() or '',
        baselines={scale: tally.baseline() or ''},
        judged=(heard.name,) if heard.is_model else (),
        frames=tuple(tally.frames()),
        bands=tally.bands(),
        histogram=tally.histograms(),
        kept=kept,
        verdict=report.verdict,
        timing=_timing(run),
    )


class _Scene:
    """Scores the samples one after the other."""

    def __init__(
        self,
        run: LiveRun,
        heard: Heard,
        listened: Listened,
        scorer: FrameScorer,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._run = run
        self._heard = heard
        self._listened = listened
        self._scorer = scorer
        self._pool = pool
        self._before: Enlarged | None = None
        self._places: list[int] = []
        #: Samples of another scale than the first one.
        self.left_out = 0

    def add(self, place: int, tally: Tally) -> None:
        """Score a sample."""
        sample = self._run.samples[place]
        if _scale(sample) != self._heard.scale:
            self.left_out += 1
            return
        now = self._enlarged(sample)
        scored = score_frame(
            len(tally),
            f'{place:06d}',
            now,
            self._before,
            noise={self._heard.name: self._noise()} if self._heard.is_model else {},
            bound_sigmas=self._listened.bound_sigmas,
            pool=self._pool,
        )
        tally.add(scored)
        self._before = now
        self._places.append(place)

    def kept(self, tally: Tally) -> Iterator[KeptFrame]:
        """Return the frames that are worth looking at."""
        frames = tally.frames()
        for role, number in tally.worth_seeing().items():
            sample = self._run.samples[self._places[number]]
            outputs = self._enlarged(sample).outputs
            yield KeptFrame(
                role=role,
                score=frames[number],
                low=sample.low,
                reference=sample.truth,
                outputs={name: output.depth for name, output in outputs.items()},
                sigma=sample.sigma,
                camera=sample.camera,
            )

    def _enlarged(self, sample: Sample) -> Enlarged:
        view = View(_SEQUENCE, sample.low, sample.truth, None, sample.camera)
        made = self._scorer.enlarge(view, sample.stamp_ns, None)
        late_ms = self._run.tally.latency_of_ms(sample.stamp_ns, self._run.simulated)
        outputs = {**made.outputs, self._heard.name: Output(sample.high, sample.sigma, late_ms)}
        return replace(made, outputs=outputs)

    def _noise(self) -> NoiseModel:
        """Return what the bound gives or takes, and what whole millimetres may change."""
        noise = self._listened.noise
        return replace(noise, constant=noise.constant + ROUNDING_M)


def _scale(sample: Sample) -> int:
    return int(sample.high.shape[0]) // int(sample.low.shape[0])


def _heard(run: LiveRun, listened: Listened, scale: int) -> Heard:
    name = listened.model or run.superres.get('engine', 'output')
    return Heard(name, scale, bool(listened.model), run.superres)


@contextmanager
def _classical(scale: int) -> Iterator[list[Method]]:
    """Open the classical methods; close them afterwards."""
    with ExitStack() as stack:
        methods = []
        for name in CLASSICAL_ENGINES:
            engine = open_engine(None, name, scale=scale)
            stack.callback(engine.close)
            methods.append(Method(name, engine, is_model=False))
        yield methods


def _report(run: LiveRun, listened: Listened, tally: Tally, left_out: int) -> Report:
    bounded = listened.bound_sigmas is not None
    ran = f' Model {"" if bounded else "not "}bounded.' if listened.model else ''
    return Report(
        protocol=PROTOCOL,
        conditions=(
            f'{len(tally)} frames of {listened.source}, as they came over the topics: input, '
            'output and reference were paired by their stamps; nothing was cut off. The classical '
            'methods were run afterwards on the inputs that were heard, without colour. '
            f'{MEASURED} Latency of the output: '
            + (
                'from hearing the input to hearing the output'
                if run.simulated
                else 'from the stamp to hearing the output'
            )
            + f'; of the others the computation alone.{ran}'
        ),
        rows=[_without_unknown(row) for row in tally.rows()],
        checked=told_of_checks(bounded and bool(listened.model), len(tally)),
        broken=tally.faults(),
        notes=list(_notes(run, tally, left_out)),
        verdict=_verdict(listened, tally),
    )


def _without_unknown(row: Row) -> Row:
    """Return a row without what no topic tells: how many pixels the bound changed."""
    known = {key: value for key, value in row.details.items() if key != 'clipped_fraction'}
    return replace(row, details=known)


def _verdict(listened: Listened, tally: Tally) -> str:
    return verdict(tally.rows(), len(tally), 'Heard live') if listened.model else ''


def _notes(run: LiveRun, tally: Tally, left_out: int) -> Iterator[str]:
    frames = run.tally
    lost = frames.frames_in - frames.frames_out
    if lost:
        yield f'{lost} of {frames.frames_in} frames did not come out: too slow, or lost'
    if frames.frames_out > len(tally):
        yield (
            f'{frames.frames_out - len(tally)} frames that came out are not scored: no reference '
            'of their stamp, or not kept'
        )
    if run.unscored:
        yield f'{run.unscored} frames came while too many waited to be compared'
    if left_out:
        yield f'{left_out} frames are of another scale, and left out'
    if tally.without_camera:
        yield f'{tally.without_camera} frames have no camera_info: no occupancy of those'


def _timing(run: LiveRun) -> dict[str, float]:
    timing = {'frames': float(run.tally.frames_out)}
    rate = run.tally.rate_hz()
    if rate:
        seconds = (run.tally.frames_out - 1) / rate
        recorded = run.tally.recorded_seconds()
        timing.update(seconds=seconds, recorded_seconds=recorded)
        if seconds > 0:
            timing['realtime_factor'] = recorded / seconds
    return timing
