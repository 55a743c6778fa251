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
"""Depth images in and out, on the messages of rclpy and of rosbags."""

import array
import sys
import tracemalloc
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cdst_ros.depth import (
    DepthDecodeError,
    decode,
    encode,
    fill_image,
    metres,
    valid_mask,
    view_pixels,
)
from cdst_ros.depth.arrays import F32, U16, AnyArray

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 70))
UNITS = hnp.arrays(np.uint16, SHAPES)
DEPTHS = hnp.arrays(np.float32, SHAPES, elements=st.floats(width=32))


def image(
    pixels: AnyArray, encoding: str, big: bool = False, padding: int = 0, kind: type = bytes
) -> Any:
    """Return an image message of ``pixels`` with ``padding`` bytes of 0xA5 after every row."""
    height, width = pixels.shape
    stored = pixels.astype(pixels.dtype.newbyteorder('>' if big else '<'))
    rows = [row.tobytes() + b'\xa5' * padding for row in stored]
    step = len(rows[0])
    fields = {'height': height, 'width': width, 'encoding': encoding, 'step': step}
    return SimpleNamespace(**fields, is_bigendian=int(big), data=kind(b''.join(rows)))


def metres_of(units: U16, depth_scale: float = 0.001) -> F32:
    """Return the metres of 16-bit units by the plainest arithmetic."""
    return np.where(units == 0, np.nan, units * depth_scale).astype(np.float32)


@pytest.mark.parametrize('encoding', ['16UC1', 'mono16'])
@pytest.mark.parametrize('padding', [0, 2, 3])
@pytest.mark.parametrize('big', [False, True])
def test_sixteen_bit_messages_are_read(
    messages: Any, encoding: str, padding: int, big: bool
) -> None:
    units = np.random.default_rng(1).integers(0, 65536, (5, 7)).astype(np.uint16)
    units[2, 3] = 0
    plain = image(units, encoding, big, padding)
    depth = decode(messages.image(**vars(plain)))
    assert depth.dtype == np.float32
    assert depth.flags.c_contiguous
    np.testing.assert_allclose(depth, metres_of(units), rtol=2e-7)


@pytest.mark.parametrize('padding', [0, 4, 5])
@pytest.mark.parametrize('big', [False, True])
def test_float_messages_are_read(messages: Any, padding: int, big: bool) -> None:
    depth = np.random.default_rng(2).uniform(0.1, 90, (5, 7)).astype(np.float32)
    depth[1, 1:6] = [np.nan, np.inf, -np.inf, 0.0, -1.0]
    read = decode(messages.image(**vars(image(depth, '32FC1', big, padding))))
    expected = depth.copy()
    expected[1, 1:6] = np.nan
    np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize('kind', [bytes, bytearray, lambda b: array.array('B', b)])
def test_every_container_of_bytes_is_read(kind: Any) -> None:
    units = np.arange(12, dtype=np.uint16).reshape(3, 4)
    assert np.array_equal(view_pixels(image(units, '16UC1', kind=kind)), units)


def test_the_last_row_needs_no_padding() -> None:
    msg = image(np.ones((3, 4), np.uint16), '16UC1', padding=6)
    msg.data = msg.data[:-6]
    assert (decode(msg) == np.float32(0.001)).all()


def test_pixels_are_viewed_without_a_copy() -> None:
    msg = image(np.ones((3, 4), np.uint16), '16UC1', padding=2, kind=bytearray)
    view = view_pixels(msg)
    msg.data[0:2] = (4711).to_bytes(2, sys.byteorder)
    assert view[0, 0] == 4711


def test_metres_are_contiguous_whatever_the_units_are() -> None:
    assert metres(np.ones((3, 4), np.uint16).T).flags.c_contiguous


def test_unaligned_data_is_read() -> None:
    depth = np.arange(1, 13, dtype=np.float32).reshape(3, 4)
    msg = image(depth, '32FC1')
    msg.data = memoryview(b'.' + msg.data)[1:]
    assert view_pixels(msg).flags.aligned
    assert np.array_equal(decode(msg), depth)


def test_decoded_depth_outlives_its_message() -> None:
    msg = image(np.ones((3, 4), np.float32), '32FC1', kind=bytearray)
    depth = decode(msg)
    msg.data[:] = bytes(len(msg.data))
    assert (depth == 1).all()


@pytest.mark.parametrize('depth_scale', [0.001, 0.0001, 0.00025, 0.000125, 0.01])
def test_every_sixteen_bit_value_survives(depth_scale: float) -> None:
    units = np.arange(65535, dtype=np.uint16).reshape(255, 257)
    depth = decode(image(units, '16UC1'), depth_scale)
    np.testing.assert_allclose(depth, metres_of(units, depth_scale), rtol=2e-7)
    assert np.array_equal(encode(depth, '16UC1', depth_scale), units)


@given(UNITS, st.sampled_from(['16UC1', 'mono16']), st.booleans(), st.integers(0, 9))
def test_sixteen_bits_go_round(units: U16, encoding: str, big: bool, padding: int) -> None:
    units = np.minimum(units, 65534)
    again = encode(decode(image(units, encoding, big, padding)), encoding)
    assert np.array_equal(again, units)


@given(DEPTHS, st.booleans(), st.integers(0, 9))
def test_floats_go_round(depth: F32, big: bool, padding: int) -> None:
    once = encode(decode(image(depth, '32FC1', big, padding)), '32FC1')
    assert np.array_equal(np.isnan(once), ~valid_mask(depth))
    assert np.array_equal(once[valid_mask(depth)], depth[valid_mask(depth)])
    np.testing.assert_array_equal(encode(decode(image(once, '32FC1')), '32FC1'), once)


@given(DEPTHS, st.sampled_from([0.001, 0.00025, 0.01]))
def test_sixteen_bits_are_the_nearest_unit_or_unknown(depth: F32, depth_scale: float) -> None:
    units = encode(depth, '16UC1', depth_scale)
    exact = depth.astype(np.float64) / depth_scale
    known = units > 0
    assert (np.abs(units[known] - exact[known]) <= 0.5 + 1e-6 * exact[known]).all()
    with np.errstate(invalid='ignore'):
        must_be_known = (exact > 0.51) & (exact < 65534.4)
    assert known[must_be_known].all()


@pytest.mark.parametrize('width', [1, 3, 16, 17, 31, 64])
@pytest.mark.parametrize(
    'value', [np.nan, -np.nan, np.inf, -np.inf, -3.0, 0.0, 0.0004, 65.536, 70.0, 2.2e6, 5e6, 3e38]
)
def test_what_no_unit_can_tell_is_unknown_at_any_place(width: int, value: float) -> None:
    for column in range(width):
        depth = np.full((2, width), 1.5, np.float32)
        depth[:, column] = value
        expected = np.full((2, width), 1500)
        expected[:, column] = 0
        assert np.array_equal(encode(depth, '16UC1'), expected)


@pytest.mark.parametrize('shape', [(1, 1), (4, 1), (1, 4), (2, 2)])
def test_no_image_is_so_small_that_opencv_takes_it_for_a_scalar(shape: tuple[int, int]) -> None:
    assert (encode(np.full(shape, 1.5, np.float32), '16UC1') == 1500).all()


def test_sixteen_bits_reach_from_half_a_unit_to_their_end() -> None:
    depth = np.array([[0.0006, 0.0014, 65.533, 65.534]], np.float32)
    assert encode(depth, '16UC1').tolist() == [[1, 1, 65533, 65534]]


def test_floats_never_say_zero_for_unknown() -> None:
    depth = np.array([[0.0, -0.0, -1.0, np.inf, -np.inf, np.nan]], np.float32)
    assert np.isnan(encode(depth, '32FC1')).all()


def test_encoding_leaves_its_input_alone() -> None:
    depth = np.array([[np.inf, 0.0, 70.0]], np.float32)
    for encoding in ('16UC1', '32FC1'):
        encode(depth, encoding)
    assert depth.tolist() == [[np.inf, 0.0, 70.0]]


@pytest.mark.parametrize('encoding', ['16UC1', 'mono16', '32FC1'])
def test_a_filled_message_goes_through_cdr(messages: Any, encoding: str) -> None:
    depth = np.random.default_rng(3).uniform(0.3, 60, (6, 11)).astype(np.float32)
    depth[2, 2] = np.nan
    pixels = encode(depth, encoding)
    msg = messages.image(b'left over', width=1, height=1, encoding='rgb8', step=9, is_bigendian=1)
    msg.header.frame_id = 'camera_optical'
    fill_image(msg, pixels, encoding)
    sent = messages.from_cdr(messages.to_cdr(msg), 'Image')
    assert np.array_equal(view_pixels(sent), pixels, equal_nan=encoding == '32FC1')
    assert (sent.encoding, sent.step) == (encoding, 11 * pixels.itemsize)
    assert sent.header.frame_id == 'camera_optical'
    np.testing.assert_allclose(decode(sent), depth, atol=5.1e-4)


def test_filling_copies_rows_of_any_layout() -> None:
    pixels = np.arange(24, dtype=np.uint16).reshape(4, 6)
    msg = image(np.ones((1, 1), np.uint16), '16UC1')
    fill_image(msg, pixels[::2, 1:4], '16UC1')
    assert np.array_equal(view_pixels(msg), pixels[::2, 1:4])


def test_filling_walks_no_elements() -> None:
    """An rclpy message filled element by element would hold a million Python integers."""
    pixels = np.ones((960, 1280), np.uint16)
    msg = image(pixels[:1], '16UC1', kind=lambda b: array.array('B', b))
    tracemalloc.start()
    fill_image(msg, pixels, '16UC1')
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.2 * pixels.nbytes


@pytest.mark.parametrize(
    ('pixels', 'encoding'),
    [
        (np.ones((2, 2), np.float32), '16UC1'),
        (np.ones((2, 2), np.uint16), '32FC1'),
        (np.ones((2, 2), np.float64), '32FC1'),
        (np.ones((2, 2, 3), np.uint16), '16UC1'),
    ],
)
def test_pixels_of_another_type_are_refused(pixels: AnyArray, encoding: str) -> None:
    with pytest.raises(ValueError, match=r'pass what encode\(\) returns'):
        fill_image(image(np.ones((1, 1), np.uint16), '16UC1'), pixels, encoding)


@pytest.mark.parametrize(
    ('encoding', 'remedy'),
    [
        ('rgb8', 'colour topic'),
        ('bgra8', 'colour topic'),
        ('8UC1', 'picture of depth'),
        ('mono8', 'picture of depth'),
        ('64FC1', 'set the driver to publish'),
        ('', 'set the driver to publish'),
    ],
)
def test_other_encodings_are_named_with_a_remedy(encoding: str, remedy: str) -> None:
    with pytest.raises(DepthDecodeError, match=remedy) as raised:
        decode(image(np.ones((2, 2), np.uint16), encoding))
    assert f"'{encoding}'" in str(raised.value)
    assert '16UC1, mono16, 32FC1' in str(raised.value)


def test_short_data_says_what_was_expected_and_what_came(messages: Any) -> None:
    plain = image(np.ones((3, 4), np.uint16), '16UC1')
    plain.data = plain.data[:-1]
    with pytest.raises(DepthDecodeError, match='needs 24 bytes, got 23'):
        decode(messages.image(**vars(plain)))


def test_a_huge_size_with_little_data_allocates_nothing() -> None:
    msg = image(np.ones((3, 4), np.uint16), '16UC1')
    msg.width, msg.height, msg.step = 2**31, 2**31, 2**32 - 1
    with pytest.raises(DepthDecodeError, match='bytes'):
        decode(msg)


@pytest.mark.parametrize('size', [(0, 4), (3, 0), (0, 0)])
def test_an_empty_image_is_refused(messages: Any, size: tuple[int, int]) -> None:
    plain = image(np.ones((3, 4), np.uint16), '16UC1')
    plain.width, plain.height = size
    with pytest.raises(DepthDecodeError, match='is empty'):
        decode(messages.image(**vars(plain)))


def test_a_step_under_the_row_is_refused() -> None:
    msg = image(np.ones((3, 4), np.uint16), '16UC1')
    msg.step = 7
    with pytest.raises(DepthDecodeError, match=r'says 7 bytes a row .* take 8'):
        decode(msg)


@pytest.mark.parametrize('depth_scale', [0.0, -0.001, np.nan, np.inf])
def test_a_scale_that_is_no_length_is_refused(depth_scale: float) -> None:
    depth = np.ones((2, 2), np.float32)
    with pytest.raises(ValueError, match='depth_scale'):
        encode(depth, '16UC1', depth_scale)
    with pytest.raises(ValueError, match='depth_scale'):
        decode(image(np.ones((2, 2), np.uint16), '16UC1'), depth_scale)


def test_depth_is_written_in_no_other_encoding() -> None:
    with pytest.raises(ValueError, match=r"'rgb8'.*16UC1"):
        encode(np.ones((2, 2), np.float32), 'rgb8')
