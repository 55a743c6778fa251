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
A recording played through the live nodes, and scored as offline: player, superres, evaluator.

This module starts nodes; it is none itself, and imports no rclpy.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdst_ros.evaluation.lowering import DEFAULT
from cdst_ros.evaluation.sources import open_source
from cdst_ros.nodes.children import Children
from cdst_ros.nodes.watch import (
    Progress,
    RunError,
    Watch,
    check_ros,
    node_command,
    run_environment,
)
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engines import CLASSICAL_ENGINES
from cdst_ros.superres.store import find_model

#: The player looks so often whether the frame before has been dealt with [Hz].
_LOOK_HZ = 200.0
#: Scale of the classical methods, where nobody asks for another.
_SCALE = 4


@dataclass(frozen=True)
class LiveEvaluation:
    """
    What to play, through what, and what to write.

    Every frame waits until the one before has been scored, so that none is lost, however slow the
    model is; with ``realtime`` they come at their rate, and what is too late is dropped and
    counted, as on a robot.

    :param source: a bag, a recording or a folder of images
    :param model: name or path, for engines that run a model
    :param engine: as the superres node has it
    :param precision: likewise
    :param scale: for classical engines; None for 4
    :param bounded: as the superres node has it
    :param depth_topic: of a bag, where it has several
    :param reference_topic: of a bag; empty: the recorded depth is lowered by ``degrade``
    :param degrade: protocol, or a sensor profile; None: the valid-median, unless there is a
        reference
    :param reduce: make the recorded depth so many times smaller first
    :param encoding: of all depth images; ``16UC1`` rounds to millimetres, as robots do
    :param realtime: play at ``rate_hz`` instead of waiting
    :param rate_hz: frames a second
    :param frames: at most so many; None: all
    :param json: file for the report, None for none
    :param html: likewise
    """

    source: Path
    model: str = 'lite_x4'
    engine: str = 'auto'
    precision: str = 'f32'
    scale: int | None = None
    bounded: bool = True
    depth_topic: str = ''
    reference_topic: str = ''
    degrade: str | None = None
    reduce: int = 1
    encoding: str = '32FC1'
    realtime: bool = False
    rate_hz: float = 30.0
    frames: int | None = None
    json: Path | None = None
    html: Path | None = None

    @property
    def classical(self) -> bool:
        """Whether a method without a model runs."""
        return self.engine in CLASSICAL_ENGINES


class Look:
    """What the first frame of a source tells: its frame, and whether there is a reference."""

    def __init__(self, evaluation: LiveEvaluation) -> None:
        """
        Look.

        :raises ValueError: when nothing can be read from the source
        """
        with open_source(
            evaluation.source,
            depth_topic=evaluation.depth_topic or None,
            reference=True,
            reference_topic=evaluation.reference_topic or None,
        ) as source:
            first = next(iter(source), None)
            self.frames = len(source)
        if first is None:
            raise ValueError(f'{evaluation.source} has no frame that can be played')
        self.frame_id = first.frame_id
        self.has_reference = first.reference is not None


def run_live(
    evaluation: LiveEvaluation, environ: Mapping[str, str], progress: Progress
) -> dict[str, Any]:
    """
    Play and score a source; return what was measured live, as JSON values.

    The reports are in the files that ``evaluation`` names.

    :param environ: of this process; what the user has set there is kept
    :raises ModelError: when the model cannot be used
    :raises ValueError: when the source cannot be played
    :raises RunError: when a process fails or hangs
    """
    check_ros()
    parameters = node_parameters(evaluation, Look(evaluation), events=True)
    child_environ, shared = run_environment(environ)
    namespace = f'/evaluate_{os.getpid()}'
    with Children(child_environ) as children:
        for name, values in parameters.items():
            children.start(name, node_command(name, namespace, values))
        watch = Watch(children, evaluation.frames or 0, progress)
        report = watch.until_reported()
    if not report['frames_out']:
        raise RunError(f'no frame came out. The superres node said:\n{children.log("superres")}')
    return {
        **report,
        'frames_in': watch.published,
        'dropped': watch.published - report['frames_out'],
        'late': watch.late,
        'given_up': watch.missed,
        **shared,
    }


def node_parameters(
    evaluation: LiveEvaluation, look: Look, *, events: bool = False
) -> dict[str, dict[str, object]]:
    """
    Return the ROS parameters of each node, by its name, in the order to start them in.

    :raises ModelError: when the model cannot be used
    :raises ValueError: when its scale is not the one asked for
    """
    scale, guided = _scale(evaluation)
    degrade = evaluation.degrade or ('none' if look.has_reference else DEFAULT)
    classical = evaluation.classical
    superres: dict[str, object] = {
        'engine': evaluation.engine,
        'precision': evaluation.precision,
        'bounded': evaluation.bounded,
        'output_encoding': evaluation.encoding,
        'use_sim_time': True,
    }
    superres |= {'scale': scale} if classical else {'model': evaluation.model}
    waiting: dict[str, object] = {'wait_for': 'evaluator/done', 'rate': _LOOK_HZ}
    return {
        'superres': superres,
        'camera': {
            'source': str(evaluation.source.absolute()),
            'pairs': True,
            'depth_topic': evaluation.depth_topic,
            'reference_topic': evaluation.reference_topic,
            'degrade': degrade,
            'reduce': evaluation.reduce,
            'scale': scale,
            'encoding': evaluation.encoding,
            'stamps': 'recorded',
            'clock': True,
            'loop': False,
            'frames': evaluation.frames or 0,
            # A large frame each: a few ahead are enough.
            'ahead': 8,
            'publish_colour': guided,
            'wait_for_subscribers': 2,
            'events': events,
            **({'rate': evaluation.rate_hz} if evaluation.realtime else waiting),
        },
        'evaluator': {
            'score_frames': -1,
            'model': '' if classical else evaluation.model,
            'sigma_topic': '' if classical else 'superres/sigma',
            'bounded': evaluation.bounded,
            'label': str(evaluation.source),
            'json': _absolute(evaluation.json),
            'html': _absolute(evaluation.html),
            'use_sim_time': True,
            'events': events,
        },
    }


def _scale(evaluation: LiveEvaluation) -> tuple[int, bool]:
    """Return the scale of what runs, and whether it needs colour."""
    if evaluation.classical:
        return evaluation.scale or _SCALE, evaluation.engine == 'joint_bilateral'
    metadata = read_metadata(find_model(evaluation.model))
    if evaluation.scale not in (None, metadata.scale):
        raise ValueError(
            f'{evaluation.model} enlarges by {metadata.scale}, not by {evaluation.scale}: leave '
            'the scale out, or give another model'
        )
    return metadata.scale, metadata.guided


def _absolute(file: Path | None) -> str:
    return '' if file is None else str(file.absolute())
