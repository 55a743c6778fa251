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
The constants by which disparity goes through metric models, tried on the validation scenes.

Middlebury-6 takes z = (d + offset) * step metres (``cdst_ros.evaluation.middlebury``). This prints
the mean MAD over the validation scenes for a grid of both; the test scenes are never looked at.
Run it as ``python benchmarks/choose_disparity_mapping.py DATA``, where DATA holds middlebury24 and
msgnet70.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from report import publish

from cdst_ros.evaluation.methods import Method
from cdst_ros.evaluation.metrics import mad
from cdst_ros.evaluation.middlebury import VALIDATION, DisparityMapping, Scene, restore
from cdst_ros.superres.engines import open_engine

OFFSETS = (0.0, 16.0, 64.0, 128.0, 256.0)
STEPS = (0.0025, 0.005, 0.01, 0.015, 0.02)
#: Stored values a grey level.
LEVELS = {'middlebury24': 1, 'msgnet70': 64}


def main() -> None:
    """Run the grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path)
    parser.add_argument('--model', default='lite_x4')
    parser.add_argument('--out', type=Path)
    args = parser.parse_args()
    method = Method(args.model, open_engine(args.model), is_model=True)
    scenes = [load(args.data, name, method.scale) for name in VALIDATION]
    rows = []
    for offset in OFFSETS:
        scores = [_score(method, scenes, DisparityMapping(offset, step)) for step in STEPS]
        rows.append([f'{offset:g}', *(f'{score:.4f}' for score in scores)])
    publish(
        f'Mean MAD of {args.model} on the {len(scenes)} validation scenes, by offset and step',
        ['offset', *(f'{step:g} m' for step in STEPS)],
        rows,
        out=args.out,
    )


def load(data: Path, name: str, scale: int) -> Scene:
    """Return a validation scene, cut to multiples of the scale."""
    folder = 'msgnet70' if name.isdigit() else 'middlebury24'
    file = data / folder / f'{name}_depth.png'
    stored = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise SystemExit(f'{file} is missing, or no image')
    truth = np.rint(np.clip(stored / LEVELS[folder], 0, 255)).astype(np.uint8)
    height, width = (side - side % scale for side in truth.shape)
    return Scene(name, np.ascontiguousarray(truth[:height, :width]), None)


def _score(method: Method, scenes: list[Scene], mapping: DisparityMapping) -> float:
    outputs = ((scene, restore(scene, method, mapping=mapping).output) for scene in scenes)
    return float(np.mean([mad(output, scene.truth) for scene, output in outputs]))


if __name__ == '__main__':
    main()
