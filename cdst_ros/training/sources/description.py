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
"""What a model says of the data that it was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from cdst_ros.training.sources.settings import SourceConfig

#: Of what is made here.
_PROCEDURAL = ('procedural scenes of cdst_ros.synthetic', 'Apache-2.0')
#: Of sources whose configuration tells no licence.
_NOT_STATED = 'not stated'
_WORDS = {
    'disparity': 'disparity of {}',
    'metric': 'depth of {}',
    'middlebury': 'Middlebury stereo ({})',
    'nyu': 'NYU Depth v2',
    'recordings': 'recordings ({})',
}


class Description(NamedTuple):
    """
    What data were.

    :param data: in words, without a folder above theirs
    :param licence: theirs
    """

    data: str
    licence: str


def describe(sources: Sequence[SourceConfig]) -> Description:
    """Return what samples of these sources are made of; of none: procedural scenes."""
    parts = [_part(source) for source in sources] or [_PROCEDURAL]
    data, licences = zip(*parts, strict=True)
    return Description('; '.join(_once(data)), '; '.join(_once(licences)))


def _part(source: SourceConfig) -> tuple[str, str]:
    if source.kind == 'procedural':
        return _PROCEDURAL
    name = Path(source.path).name or 'a folder of them'
    return _WORDS[source.kind].format(name), source.licence or _NOT_STATED


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
