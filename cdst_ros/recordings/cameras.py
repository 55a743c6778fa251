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
"""Camera models as JSON values, with the names of sensor_msgs/CameraInfo."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any

from cdst_ros.depth.camera import CameraModel, Region


def camera_to_json(camera: CameraModel) -> dict[str, Any]:
    """Return the camera as JSON values."""
    return {**asdict(camera), 'roi': camera.roi._asdict()}


def camera_from_json(values: dict[str, Any]) -> CameraModel:
    """
    Return the camera that ``camera_to_json`` wrote.

    Frames of a recording usually share a camera: equal values give the same object.

    :raises ValueError: when the values are not those of a camera
    """
    return _camera(json.dumps(values, sort_keys=True))


@lru_cache(maxsize=64)
def _camera(text: str) -> CameraModel:
    values = json.loads(text)
    known = {field.name for field in fields(CameraModel)}
    if not isinstance(values, dict) or not {'width', 'height', 'k'} <= values.keys() <= known:
        raise ValueError(f'{text[:80]} is no camera')
    lengths = {'k': 9, 'r': 9, 'p': 12}
    for name in ('d', 'k', 'r', 'p'):
        if name in values:
            values[name] = tuple(float(value) for value in values[name])
            if len(values[name]) != lengths.get(name, len(values[name])):
                raise ValueError(f'the camera has {len(values[name])} values in {name!r}')
    if 'roi' in values:
        values['roi'] = Region(**values['roi'])
    return CameraModel(**values)
