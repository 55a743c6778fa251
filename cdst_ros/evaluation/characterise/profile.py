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
A sensor profile of what was measured, for ``cdst_ros.synthetic`` and training.

What the recording tells is measured; the rest is a prior, stated as such in the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdst_ros.evaluation.characterise.edges import RISE_OF_SIGMA
from cdst_ros.evaluation.characterise.figure import Figure, Section
from cdst_ros.evaluation.characterise.holes import Grazing
from cdst_ros.evaluation.characterise.noise import Noise
from cdst_ros.evaluation.characterise.steps import Steps
from cdst_ros.recordings.atomic import write_file
from cdst_ros.synthetic import GENERIC, SensorProfile

#: More flying pixels than this at edges, and pixels mix surfaces. Of the shipped profiles those
#: that mix have 0.18 and more, those that do not 0.02 and less.
_MIXES = 0.1
#: Baselines of cameras that people buy; where between, the number of steps a pixel decides [m].
_LIKELY_BASELINE = 0.06
#: Share by which fattening varies along a contour; a prior.
_RAGGED = 0.5
#: The lost share of what is beside an edge, or anything else, is below this in a profile.
_MOST = 0.95


@dataclass(frozen=True)
class Trait:
    """
    A value of a profile.

    :param key: of ``SensorProfile``
    :param value: plain
    :param measured: whether the recording tells it; else it is a prior
    :param why: how it was measured, or why it is a prior
    """

    key: str
    value: Any
    measured: bool
    why: str


@dataclass(frozen=True)
class Findings:
    """What a profile is made of; see the modules of the same names."""

    noise: Noise
    steps: Steps
    range_m: tuple[float, float] | None
    edges: Section
    holes: Section
    grazing: Grazing | None
    resolution: Section
    registration: Section
    camera: Section
    focal: float | None
    size: tuple[int, int]


def traits_of(found: Findings) -> tuple[Trait, ...]:
    """Return the values of a profile, with where each comes from."""
    return (
        _sampling(found),
        _smoothing(found),
        *_noise(found.noise),
        _quantisation(found.steps),
        *_triangulation(found),
        *_holes(found),
        *_registration(found.resolution),
        _range(found.range_m),
        _optics(found),
        Trait('lateral_noise', 0.0, False, 'depth alone does not tell it from uneven edges'),
        Trait('hole_filling', 'none', False, 'a filled hole looks like a surface'),
    )


def profile_of(name: str, traits: Sequence[Trait]) -> SensorProfile:
    """Return the profile."""
    return SensorProfile.from_dict({'name': name, **{t.key: t.value for t in traits}})


def profile_text(name: str, traits: Sequence[Trait], source: str, created: str) -> str:
    """Return the YAML of a profile, every line saying whether it was measured."""
    lines = [
        f'# A depth sensor as cdst-ros characterise found it in {source}, {created}.',
        '# "measured": told by that recording. "prior": not told by it, and assumed.',
        f'name: {json.dumps(name)}',
    ]
    for trait in traits:
        kind = 'measured' if trait.measured else 'prior'
        lines += [f'# {kind}: {trait.why}', f'{trait.key}: {_yaml(trait.value)}']
    return '\n'.join(lines) + '\n'


def write_profile(path: Path, traits: Sequence[Trait], source: str, created: str) -> SensorProfile:
    """
    Write a profile named after its file, and return it.

    :raises OSError: when it cannot be written
    """
    name = path.stem
    profile = profile_of(name, traits)
    write_file(path, profile_text(name, traits, source, created).encode())
    return profile


def _sampling(found: Findings) -> Trait:
    flying = found.edges['flying']
    if flying.value is None:
        return Trait('sampling', 'mean', False, f'flying pixels: {flying.note}')
    mixes = flying.value > _MIXES
    what = 'mix both surfaces' if mixes else 'belong to one surface'
    return Trait(
        'sampling', 'mean' if mixes else 'area', True,
        f'pixels at edges {what}: {flying.text} fly ({flying.evidence} edges)',
    )  # fmt: skip


def _smoothing(found: Findings) -> Trait:
    spread, mixes = found.edges['spread'], _sampling(found).value == 'mean'
    if spread.value is None:
        return Trait('smoothing', 0.0, False, f'edge spread: {spread.note}')
    # a pixel's own width is a twelfth of its square
    blur = (spread.value / RISE_OF_SIGMA) ** 2 - 1 / 12
    value = math.sqrt(blur) if mixes and blur > 0.06 else 0.0
    return Trait('smoothing', _short(value), True,
                 f'of an edge spread of {spread.text} {spread.interval}')  # fmt: skip


def _noise(noise: Noise) -> list[Trait]:
    traits = []
    if noise.model is None:
        prior = GENERIC.noise
        why = 'the recording does not tell sigma(z); that of the generic profile'
    else:
        prior = noise.model
        how = 'single images' if noise.spatial else 'still spans'
        why = f'sigma(z) in metres, from {noise.tiles} flat tiles of {how}'
    terms = {'constant': prior.constant, 'linear': prior.linear, 'quadratic': prior.quadratic}
    traits.append(
        Trait('noise', {k: _short(v) for k, v in terms.items()}, noise.model is not None, why)
    )
    if noise.correlation is not None:
        traits.append(Trait('noise_correlation', _short(noise.correlation), True,
                            'from the noise of neighbouring pixels'))  # fmt: skip
    else:
        value = 2.0 if noise.capped else GENERIC.noise_correlation
        why = (
            'more than 2 px: the least it can be'
            if noise.capped
            else 'that of the generic profile'
        )
        traits.append(Trait('noise_correlation', value, False, why))
    if noise.persistence is not None:
        traits.append(Trait('noise_persistence', _short(noise.persistence), True,
                            'what the mean of still frames leaves of planes'))  # fmt: skip
    else:
        traits.append(Trait('noise_persistence', 0.3, False, 'that of the shipped tof profile'))
    return traits


def _quantisation(steps: Steps) -> Trait:
    if steps.even > 0:
        return Trait('quantisation', _short(steps.even), True, 'the step between depths')
    return Trait('quantisation', 0.0, True, 'no step of 0.1 mm or more shows')


def _triangulation(found: Findings) -> list[Trait]:
    """Return steps of disparity; how their number parts into its factors is not told."""
    if not found.steps.disparity:
        return []
    factor = found.resolution['repetition'].value or 1.0
    focal = (found.focal or 0.83 * found.size[0]) / max(1, round(factor))
    subpixel = min(
        (2**k for k in range(8)),
        key=lambda n: abs(math.log(found.steps.disparity / focal / n / _LIKELY_BASELINE)),
    )
    left, out = found.holes['left'].value, found.registration['out'].value
    shadow = left is not None and not 0.4 <= left <= 0.6
    side = -1.0 if left is not None and left < 0.4 else 1.0
    window = 1 + 2 * max(out, 0.0) / (1 - _RAGGED / 2) if out is not None else 5.0
    value = {
        'baseline': side * _short(found.steps.disparity / focal / subpixel, 6),
        'focal': _short(focal, 6),
        'subpixel': subpixel,
        'window': _short(max(window, 1.0)),
        'ragged': _RAGGED,
        'shadow': shadow,
    }
    told = 'window of how far depth edges lie outside of things in colour'
    why = (
        f'baseline * focal * subpixel = {found.steps.disparity:.1f} is measured, its parts are '
        f'not; {told if out is not None else "the window is a prior"}; ragged is a prior'
    )
    return [Trait('triangulation', value, True, why)]


def _holes(found: Findings) -> list[Trait]:
    holes = found.holes
    traits = [_share('edge_dropout', holes['edges'], GENERIC.edge_dropout)]
    if found.grazing is None:
        traits += [
            Trait('grazing_angle', 90.0, holes['grazing'].evidence > 0, holes['grazing'].note),
            Trait('grazing_dropout', 0.0, holes['grazing'].evidence > 0, holes['grazing'].note),
        ]
    else:
        why = f'from {found.grazing.pixels} pixels beyond that slant'
        traits += [
            Trait('grazing_angle', found.grazing.angle, True, why),
            Trait('grazing_dropout', _short(min(found.grazing.share, _MOST)), True, why),
        ]
    traits.append(_share('pixel_dropout', holes['single'], GENERIC.pixel_dropout))
    plain, single = holes['plain'].value, holes['single'].value
    if plain is None or single is None:
        traits.append(Trait('hole_share', GENERIC.hole_share, False, holes['plain'].note))
    else:
        value = min(max(plain - single, 0.0), _MOST)
        traits.append(Trait('hole_share', _short(value), True,
                            'lost on surfaces, not alone'))  # fmt: skip
    traits.append(Trait('hole_size', 1.5, False, 'of the patches; our choice'))
    dark = holes['dark']
    if dark.value:
        share = float(dark.note.split('%')[0]) / 100
        traits.append(
            Trait('returns', {'dark': _short(dark.value), 'dark_dropout': min(share, _MOST)}, True,
                  f'from {dark.evidence} dark pixels')
        )  # fmt: skip
    return traits


def _share(key: str, figure: Figure, prior: float) -> Trait:
    if figure.value is None:
        return Trait(key, prior, False, f'{figure.note}; that of the generic profile')
    return Trait(key, _short(min(figure.value, _MOST)), True, f'of {figure.evidence} pixels')


def _registration(resolution: Section) -> list[Trait]:
    factor = resolution['repetition'].value
    if factor is None or factor < 1.5:
        return []
    return [
        Trait('registration', {'factor': round(factor), 'baseline': 0.015}, True,
              f'samples are repeated {factor:g} times each way; the baseline is a prior')
    ]  # fmt: skip


def _range(range_m: tuple[float, float] | None) -> Trait:
    if range_m is None:
        return Trait('range_m', list(GENERIC.range_m), False, 'no known pixel')
    near, far = math.floor(range_m[0] * 10) / 10, math.ceil(range_m[1] * 10) / 10
    return Trait('range_m', [near, far], True,
                 'of what was in view; the sensor may deliver more')  # fmt: skip


def _optics(found: Findings) -> Trait:
    width, height = found.size
    if found.focal is None:
        value: dict[str, Any] = {'size': [width, height], 'field_of_view': 62.0}
        return Trait('optics', value, False, 'the size is measured; no camera tells the view')
    right = (found.camera['principal_right'].value or 0.0) / width
    down = (found.camera['principal_down'].value or 0.0) / height
    across = found.camera['field_of_view'].value or 62.0
    value = {
        'size': [width, height],
        'field_of_view': _short(across, 5),
        'principal_point': [_short(right), _short(down)],
    }
    return Trait('optics', value, True, 'of camera_info')


def _short(value: float, digits: int = 3) -> float:
    return float(f'{value:.{digits}g}')


def _yaml(value: Any) -> str:
    """Return a value in YAML's flow style, floats always as such."""
    if isinstance(value, Mapping):
        inner = ', '.join(f'{key}: {_yaml(one)}' for key, one in value.items())
        return f'{{{inner}}}'
    if isinstance(value, list | tuple):
        return f'[{", ".join(_yaml(one) for one in value)}]'
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, float) and 'e' in repr(value):
        # YAML 1.1 wants a point in a number with an exponent
        mantissa, _, exponent = repr(value).partition('e')
        return f'{mantissa if "." in mantissa else mantissa + ".0"}e{int(exponent):+d}'
    return str(value)
