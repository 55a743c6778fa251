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
"""The worst frames of a model, drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.evaluation.cards.places import Place
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.picture import draw_comparison
from cdst_ros.evaluation.procedural import protocol_name, view_at
from cdst_ros.evaluation.scoreboard import BY_FRAME
from cdst_ros.superres.engine import Engine
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import SuperResolution
from cdst_ros.synthetic import load_profile

#: Width of a picture [px], and what its file may take [bytes].
_WIDTH, _LARGEST = 1200, 110_000
_QUALITIES = range(88, 20, -8)


@dataclass(frozen=True)
class Case:
    """
    A frame of a synthetic protocol.

    :param place: that it belongs to
    :param number: of the frame there, from 0
    :param ours: error of the model at edges [cm]
    :param theirs: of the best classical method in this frame that sees no more [cm]
    :param floor: its name
    :param reason: why it was chosen, in words
    """

    place: Place
    number: int
    ours: float
    theirs: float
    floor: str
    reason: str = ''

    @property
    def key(self) -> tuple[str, int]:
        """What tells frames apart."""
        return self.place.protocol, self.number


class _Choice(NamedTuple):
    """How a worst case is chosen: by ``worth``, of places that ``takes`` holds for, and why."""

    takes: Callable[[Place], bool]
    worth: Callable[[Case], float]
    reason: str


def worst_cases(places: Iterable[Place], trained_on: Iterable[str]) -> list[Case]:
    """
    Return the frames that a card shows, at most three.

    The greatest error at edges on the sensors that the model was trained on; the frame of those
    that it falls behind the best classical method in most, or gains least; and the same on others.
    """
    synthetic = [place for place in places if place.protocol == protocol_name(place.profile)]
    cases = [case for place in synthetic for case in _cases(place)]
    own = set(trained_on)
    choices = (
        _Choice(
            lambda place: place.profile in own,
            lambda case: case.ours,
            'the greatest error at edges on a sensor that it was trained on',
        ),
        _Choice(
            lambda place: place.profile in own,
            lambda case: case.ours / case.theirs,
            'the least gain on the best classical method, on a sensor that it was trained on',
        ),
        _Choice(
            lambda place: place.profile not in own,
            lambda case: case.ours / case.theirs,
            'the least gain on the best classical method, on a sensor that it was not trained on',
        ),
    )
    chosen: dict[tuple[str, int], Case] = {}
    for choice in choices:
        fitting = [case for case in cases if choice.takes(case.place) and case.key not in chosen]
        if fitting:
            worst = max(fitting, key=choice.worth)
            chosen[worst.key] = Case(
                worst.place, worst.number, worst.ours, worst.theirs, worst.floor, choice.reason
            )
    return list(chosen.values())


def draw_case(case: Case, model: Path, frames: int | None, file: Path) -> None:
    """
    Write a JPEG of a frame: input, best classical method, ours, truth, and errors on one scale.

    :param frames: that the results were limited to
    """
    place = case.place
    view = view_at(load_profile(place.profile), place.scale, case.number, frames)
    with_model = open_engine(model)
    with_floor = open_engine(None, case.floor, scale=place.scale)
    name = with_model.info.model
    methods = {case.floor: _enlarged(with_floor, view), name: _enlarged(with_model, view)}
    title = f'{name}, {place.name}, frame {case.number} ({view.sequence})'
    note = (
        f'error at edges: {name} {case.ours:.1f} cm, {case.floor} {case.theirs:.1f} cm; '
        f'{case.reason}'
    )
    page = draw_comparison(view.low, methods, view.reference, title, note)
    with_model.close()
    with_floor.close()
    file.write_bytes(_jpeg(page))


def _cases(place: Place) -> Iterator[Case]:
    for number, ours in enumerate(place.model[BY_FRAME]):
        errors = {row['method']: row[BY_FRAME][number] for row in place.rivals}
        known = {name: error for name, error in errors.items() if error}
        if ours and known:
            best = min(known, key=lambda name: known[name])
            yield Case(place, number, ours, known[best], best)


def _enlarged(engine: Engine, view: View) -> F32:
    rgb = view.rgb if engine.info.guided else None
    depth: F32 = SuperResolution(engine)(view.low, rgb).depth.copy()
    return depth


def _jpeg(page: U8) -> bytes:
    """Return a page as JPEG, as good as fits."""
    height = round(page.shape[0] * _WIDTH / page.shape[1])
    small = cv2.resize(page, (_WIDTH, height), interpolation=cv2.INTER_AREA)
    data = b''
    for quality in _QUALITIES:
        encoded: np.ndarray[tuple[int], np.dtype[np.uint8]]
        _, encoded = cv2.imencode('.jpg', small, [cv2.IMWRITE_JPEG_QUALITY, quality])
        data = encoded.tobytes()
        if len(data) <= _LARGEST:
            break
    return data
