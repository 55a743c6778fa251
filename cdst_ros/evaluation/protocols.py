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
"""The benchmark protocols by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cdst_ros.evaluation import (
    hololens,
    middlebury,
    middlebury_scenes,
    nyu,
    pairs,
    procedural,
    renders,
)
from cdst_ros.evaluation.published import CAVEAT, published_rows
from cdst_ros.evaluation.report import EvaluationError, Report, Request, Row
from cdst_ros.synthetic import load_profile


@dataclass(frozen=True)
class Protocol:
    """
    A way to evaluate: data, degradation, crop and units, all fixed.

    :param name: registry name
    :param description: for people
    :param scales: that it can be run at
    :param run: does it
    :param published: what papers print for it
    :param caveat: what to know before comparing with those
    :param makes_data: whether it needs none given
    :param draws_errors: whether it makes pictures of the errors where it is asked to
    """

    name: str
    description: str
    scales: tuple[int, ...]
    run: Callable[[Request], Report]
    published: tuple[Row, ...] = ()
    caveat: str = ''
    makes_data: bool = False
    draws_errors: bool = False


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            name=middlebury.NAME,
            description='six Middlebury scenes, 8-bit disparity, the table papers print',
            scales=middlebury.SCALES,
            run=middlebury.run,
            draws_errors=True,
            published=tuple(published_rows()),
            caveat=CAVEAT,
        ),
        Protocol(
            name=middlebury_scenes.NAME,
            description='Middlebury scenes of any year as downloaded, with their holes',
            scales=middlebury_scenes.SCALES,
            run=middlebury_scenes.run,
        ),
        Protocol(
            name=nyu.NAME,
            description='the 449 test pairs of nyu_depth_v2_labeled.mat, RMSE in cm',
            scales=nyu.SCALES,
            run=nyu.run,
        ),
        Protocol(
            name=pairs.NAME,
            description='a folder of low/NAME.png and reference/NAME.png, metric',
            scales=pairs.SCALES,
            run=pairs.run,
        ),
        Protocol(
            name=hololens.NAME,
            description='recorded depth reduced by valid-median twice, metric, at x2',
            scales=(hololens.SCALE,),
            run=hololens.run,
        ),
        *(
            Protocol(
                name=one.name,
                description=one.description,
                scales=(renders.SCALE,),
                run=renders.RUNNERS[one.name],
            )
            for one in renders.SETS
        ),
        *(
            Protocol(
                name=procedural.protocol_name(profile),
                description=f'procedural rooms, sensor profile {profile}; needs no data',
                scales=procedural.SCALES,
                run=run,
                makes_data=True,
            )
            for profile, run in procedural.RUNNERS.items()
        ),
    )
}


def protocol(name: str) -> Protocol:
    """
    Return a protocol by name; ``synthetic_FILE.yaml`` is that of a sensor profile of one's own.

    :raises EvaluationError: for an unknown one; lists what there is
    """
    prefix = procedural.protocol_name('')
    if name.startswith(prefix) and name.endswith('.yaml'):
        return _of_profile_file(name[len(prefix) :])
    try:
        return PROTOCOLS[name]
    except KeyError:
        known = ', '.join(f'{p.name} ({p.description})' for p in PROTOCOLS.values())
        raise EvaluationError(f'there is no protocol {name!r}. There are: {known}.') from None


def _of_profile_file(path: str) -> Protocol:
    """Return the protocol of the sensor profile in a file."""
    try:
        load_profile(path)
    except ValueError as error:
        raise EvaluationError(str(error)) from error
    return Protocol(
        name=procedural.protocol_name(path),
        description=f'procedural rooms, sensor profile of {path}; needs no data',
        scales=procedural.SCALES,
        run=partial(procedural.run, path),
        makes_data=True,
    )
