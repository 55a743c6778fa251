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
"""Enlarges the depth of a bag, a recording, a folder or an image, offline."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdst_ros.depth.encodings import MILLIMETRES
from cdst_ros.evaluation.replay import Replay, ReplayCounts, Stopwatch, realtime_factor
from cdst_ros.evaluation.sinks import BagSink, FolderSink, ImageSink, RecordingSink, Sink
from cdst_ros.evaluation.sources import (
    IMAGE_SUFFIXES,
    BagSource,
    Kind,
    RecordingSource,
    Source,
    kind_of,
)
from cdst_ros.evaluation.staging import staged
from cdst_ros.evaluation.writing import WritingThread
from cdst_ros.recordings.bag_stream import STORAGES, storage_files
from cdst_ros.superres.engine import EngineInfo
from cdst_ros.superres.frame import SuperResolution

#: What each kind of source can be turned into; the first is taken where nothing is said.
_TARGETS: dict[Kind, tuple[Kind, ...]] = {
    Kind.BAG: (Kind.BAG, Kind.RECORDING, Kind.FOLDER),
    Kind.RECORDING: (Kind.RECORDING, Kind.BAG, Kind.FOLDER),
    Kind.FOLDER: (Kind.FOLDER,),
    Kind.IMAGE: (Kind.IMAGE, Kind.FOLDER),
}


class UpscaleError(ValueError):
    """Something that cannot be enlarged as asked; the message says what to do."""


@dataclass(frozen=True)
class UpscaleSummary:
    """
    What was done.

    :param output: what was made
    :param kind: of the output
    :param frames: frames enlarged
    :param skipped: frames that could not be read or enlarged
    :param reasons: why, and what else was damaged
    :param seconds: it took, from the first frame's reading to the last one's writing [s]
    :param stage_ms: by stage of the one-frame path, mean [ms]
    :param clipped_fraction: share of the pixels that the bound changed, mean
    :param realtime_factor: times faster than recorded, None where stamps do not tell
    :param engine: what enlarged them
    :param warnings: what is odd about the input
    :param blind: of the frames, those enlarged from depth alone though colour is taken
    """

    output: Path
    kind: Kind
    frames: int
    skipped: int
    reasons: list[str]
    seconds: float
    stage_ms: dict[str, float]
    clipped_fraction: float
    realtime_factor: float | None
    engine: EngineInfo
    warnings: list[str]
    blind: int = 0

    @property
    def fps(self) -> float:
        """Frames a second, reading and writing included."""
        return self.frames / self.seconds if self.seconds > 0 else math.nan

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        engine = self.engine
        return {
            'output': str(self.output),
            'kind': self.kind.value,
            'frames': self.frames,
            'skipped': self.skipped,
            'reasons': self.reasons,
            'seconds': self.seconds,
            'fps': self.fps,
            'realtime_factor': self.realtime_factor,
            'stage_ms': self.stage_ms,
            'clipped_fraction': self.clipped_fraction,
            'warnings': self.warnings,
            'without_color': self.blind,
            'engine': engine.engine,
            'model': engine.model,
            'scale': engine.scale,
            'precision': engine.precision,
            'device': engine.device,
        }


@dataclass(frozen=True)
class Destination:
    """
    Where the output goes.

    :param path: to make; ``.mcap`` and ``.db3`` make one bag file, image suffixes one image
    :param kind: to make it of; None: as ``path`` says, else as the source
    :param encoding: ``16UC1`` or ``32FC1``; None: as the source
    :param depth_scale: metres a unit of 16-bit images; bags and recordings are in millimetres
    :param replace: whether what is at ``path`` may give way
    """

    path: Path
    kind: Kind | None = None
    encoding: str | None = None
    depth_scale: float = MILLIMETRES
    replace: bool = False


def upscale(
    source: Source,
    origin: Path,
    superres: SuperResolution,
    destination: Destination,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> UpscaleSummary:
    """
    Enlarge all frames of a source.

    The output takes its place only when it is whole. A frame that cannot be read or enlarged costs
    itself and is counted.

    :param origin: path that the source was opened from
    :param progress: told the frames done and their number (0 where unknown), after each
    :raises UpscaleError: when the output cannot be made of this source, or no frame could be
        enlarged
    :raises OutputExistsError: when something is in its place
    :raises OSError: when the disk refuses
    """
    kind = _target(source.kind, destination)
    _check_place(origin, destination, kind)
    watch = Stopwatch()
    replay = Replay(source, superres)
    counts = replay.counts
    with staged(destination.path, replace=destination.replace) as path:
        with WritingThread(lambda: _open_sink(path, kind, source, origin, destination)) as writing:
            for frame, result, camera in replay:
                encoding = destination.encoding or frame.encoding
                writing.add(frame, result.depth, camera, encoding)
                skipped = counts.skipped.count + source.skipped.count
                progress(counts.frames + skipped, len(source))
        reasons = source.skipped.reasons + counts.skipped.reasons
        if not counts.frames:
            why = '; '.join(reasons) or 'it holds none'
            raise UpscaleError(f'no frame of {origin} could be enlarged: {why}')
    reasons += writing.notes
    seconds = watch.seconds()
    faster = realtime_factor(counts.recorded_seconds, seconds)
    return UpscaleSummary(
        output=destination.path,
        kind=kind,
        frames=counts.frames,
        skipped=source.skipped.count + counts.skipped.count,
        reasons=reasons,
        seconds=seconds,
        stage_ms={stage: 1e3 * s / counts.frames for stage, s in counts.seconds.items()},
        clipped_fraction=counts.clipped / counts.frames,
        realtime_factor=None if math.isnan(faster) else faster,
        engine=superres.engine.info,
        warnings=counts.warnings + _told_of_blindness(counts),
        blind=counts.blind.count,
    )


def _told_of_blindness(counts: ReplayCounts) -> list[str]:
    blind = counts.blind
    if not blind.count:
        return []
    which = 'all' if blind.count == counts.frames else f'{blind.count} of {counts.frames}'
    return [f'{which} frames were enlarged from depth alone: {"; ".join(blind.reasons)}']


def _target(source: Kind, destination: Destination) -> Kind:
    """Return the kind of output to make."""
    path, possible = destination.path, _TARGETS[source]
    if path.suffix in STORAGES:
        named = Kind.BAG
    elif path.suffix.lower() in IMAGE_SUFFIXES:
        named = Kind.IMAGE
    else:
        named = None
    kind = destination.kind or named or possible[0]
    if named not in (None, kind):
        raise UpscaleError(
            f'{path} is named like a {named.value}, and a {kind.value} was asked for'
        )
    if kind not in possible:
        remedy = (
            ' Frames of a bag have stamps: import the folder first ("cdst-ros record import").'
            if kind in (Kind.BAG, Kind.RECORDING)
            else ''
        )
        raise UpscaleError(
            f'a {source.value} becomes a {" or ".join(k.value for k in possible)}, not a '
            f'{kind.value} ({path}).{remedy}'
        )
    if kind is Kind.IMAGE and named is None:
        raise UpscaleError(
            f'{path} does not say how to store an image: name it .png (16-bit) or .tiff (metres)'
        )
    return kind


def _check_place(origin: Path, destination: Destination, kind: Kind) -> None:
    """Refuse to replace what is read, or what is not of the kind that is made."""
    path, read = destination.path.resolve(), origin.resolve()
    if path == read or path in read.parents or (read in path.parents and read.is_dir()):
        raise UpscaleError(f'{destination.path} lies in what is read, or holds it: choose another')
    if destination.replace and path.exists() and kind_of(path) is not kind:
        raise UpscaleError(
            f'{destination.path} is no {kind.value}: it is not replaced; choose another place'
        )


def _open_sink(
    path: Path, kind: Kind, source: Source, origin: Path, destination: Destination
) -> Sink:
    if kind is Kind.IMAGE:
        return ImageSink(path, destination.depth_scale)
    if kind is Kind.FOLDER:
        return FolderSink(path, destination.depth_scale)
    if kind is Kind.RECORDING:
        header = source.recording.header if isinstance(source, RecordingSource) else None
        return RecordingSink(
            path,
            rate_hz=header.rate_hz if header else None,
            stamps_made=header.stamps_made if header else False,
            source=f'{origin.name}, enlarged',
        )
    one_file = path.suffix in STORAGES
    return BagSink(path, path.suffix if one_file else _storage(source), one_file=one_file)


def _storage(source: Source) -> str:
    """Return the storage of the bag that is read; MCAP for what is none."""
    files = storage_files(source.reader.path) if isinstance(source, BagSource) else []
    return files[0].suffix if files else STORAGES[0]
