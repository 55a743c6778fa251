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
"""A recording's identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from cdst_ros.recordings.layout import FrameEntry
from cdst_ros.recordings.sequences import SequenceEntry


def fingerprint(frames: Iterable[FrameEntry], sequences: Iterable[SequenceEntry]) -> str:
    """
    Return the SHA-256 of what a recording holds, hexadecimal.

    It is that of the frames in their order (stamps, sequences, checksums of the images, cameras,
    poses, extrinsics) and of the measured noise. Copies of a recording have it in common, wherever
    they lie and whatever their files are called; a frame more, less or other changes it. Counts
    of dropped frames and names do not. Images count by the checksums on their lines: ``verify``
    holds the files to these.
    """
    digest = hashlib.sha256(b'cdst_ros recording 1\n')
    for entry in sequences:
        if entry.noise is not None:
            _add(digest, {'sequence': entry.number, 'noise': entry.noise.to_json()})
    for frame in frames:
        values = frame.to_json()
        del values['index']
        for kind in frame.images:
            del values[kind]['file']
        _add(digest, values)
    return digest.hexdigest()


def _add(digest: hashlib._Hash, values: dict[str, object]) -> None:
    digest.update(json.dumps(values, sort_keys=True, separators=(',', ':')).encode() + b'\n')
