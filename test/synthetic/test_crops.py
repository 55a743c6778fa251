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
"""Training crops: any size, every kind, worth learning from."""

import numpy as np
import pytest

from cdst_ros.synthetic.crops import KINDS, MORE_KINDS, training_view
from cdst_ros.synthetic.rendering import render

KIND = pytest.mark.parametrize('kind', [*KINDS, *MORE_KINDS])

#: Sum of depth of a crop of seed 5 [m].
TRAINED = {
    'room': 7349.162,
    'closeup': 6151.356,
    'grazing': 4909.055,
    'thin': 3112.752,
    None: 4825.473,
}


def seen(rng, height, width, *, kind=None, color=False, incidence=False):
    """Return what the camera of a fresh view sees."""
    view = training_view(rng, height, width, kind=kind)
    return render(*view, color=color, incidence=incidence)


@KIND
def test_a_crop_has_the_size_that_was_asked_for(kind: str) -> None:
    view = seen(np.random.default_rng(0), 48, 96, kind=kind, color=True, incidence=True)
    assert view.depth.shape == (48, 96)
    assert view.color is not None
    assert view.color.shape == (48, 96, 3)
    assert view.incidence is not None


@KIND
def test_the_same_generator_gives_the_same_crop(kind: str) -> None:
    once, again, other = (
        seen(np.random.default_rng(seed), 64, 64, kind=kind).depth for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other, equal_nan=True)


@KIND
def test_depths_are_those_of_a_room(kind: str) -> None:
    for seed in range(20):
        depth = seen(np.random.default_rng(seed), 64, 64, kind=kind).depth
        assert np.isfinite(depth).mean() > 0.02
        assert np.nanmin(depth) > 0.02
        assert np.nanmax(depth) < 12.0


def boundary_share(kind: str) -> float:
    """Return the share of pixels beside another surface, over some crops."""
    shares = []
    for seed in range(30):
        surface = seen(np.random.default_rng(seed), 96, 96, kind=kind).surface
        shares.append(np.mean(surface[:, 1:] != surface[:, :-1]))
    return float(np.mean(shares))


def test_closeups_and_thin_things_have_more_boundaries() -> None:
    share = {kind: boundary_share(kind) for kind in (*KINDS, *MORE_KINDS)}
    assert share['closeup'] > 1.5 * share['grazing']
    assert share['thin'] > 1.5 * share['grazing']
    assert share['closeup'] > 0.03
    assert share['foliage'] > share['closeup']
    assert share['wires'] > 1.5 * share['grazing']


def test_grazing_crops_graze() -> None:
    cosines = [
        seen(np.random.default_rng(seed), 64, 64, kind='grazing', incidence=True).incidence
        for seed in range(30)
    ]
    steep = [np.mean(cosine < np.cos(np.radians(70))) for cosine in cosines]
    assert np.mean(steep) > 0.25


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match='room, closeup, grazing, thin, foliage, wires'):
        seen(np.random.default_rng(0), 32, 32, kind='wide')


def test_kinds_that_were_trained_on_stay_as_they_were() -> None:
    """Sums of what these seeds gave when the first models were trained."""
    for kind, total in TRAINED.items():
        depth = seen(np.random.default_rng(5), 64, 80, kind=kind).depth
        assert np.nansum(depth, dtype=np.float64) == pytest.approx(total, rel=1e-6)
