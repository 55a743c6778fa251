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
"""compressedDepth messages, on the messages of rclpy and of rosbags."""

import struct
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cdst_ros.depth import (
    DepthDecodeError,
    declared_size,
    decode_compressed,
    encode,
    encode_compressed,
    fill_compressed,
    metres,
    valid_mask,
)
from cdst_ros.depth.arrays import F32, U16, AnyArray

HEADER = struct.pack('<iff', 0, 0.0, 0.0)
DEPTHS = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 40)),
    elements=st.floats(0, 120, width=32) | st.sampled_from([np.nan, np.inf, -np.inf, -1.0]),
)


def png(pixels: AnyArray) -> bytes:
    return bytes(cv2.imencode('.png', pixels)[1])


def message(image_format: str, data: bytes) -> Any:
    return SimpleNamespace(format=image_format, data=data)


@pytest.fixture
def units() -> U16:
    units = np.random.default_rng(4).integers(300, 9000, (12, 17)).astype(np.uint16)
    units[3, 4:9] = 0
    return units


@pytest.mark.parametrize(
    'image_format',
    [
        '16UC1; compressedDepth png',
        '16UC1; compressedDepth',
        '16UC1',
        'mono16; compressedDepth png',
    ],
)
def test_sixteen_bits_are_read(messages: Any, units: U16, image_format: str) -> None:
    msg = messages.compressed(HEADER + png(units), format=image_format)
    np.testing.assert_array_equal(decode_compressed(msg), metres(units))


def test_depth_parameters_of_sixteen_bits_do_not_matter(units: U16) -> None:
    """Upstream leaves them uninitialised there."""
    header = struct.pack('<iff', 0, np.nan, -1e30)
    msg = message('16UC1; compressedDepth png', header + png(units))
    np.testing.assert_array_equal(decode_compressed(msg), metres(units))


def test_the_unit_of_sixteen_bits_can_be_told(units: U16) -> None:
    msg = message('16UC1; compressedDepth png', HEADER + png(units))
    np.testing.assert_array_equal(decode_compressed(msg, 0.00025), metres(units, 0.00025))


@pytest.mark.parametrize('image_format', ['16UC1; png compressed ', 'mono16; png', 'png'])
def test_a_plain_png_is_read(units: U16, image_format: str) -> None:
    np.testing.assert_array_equal(
        decode_compressed(message(image_format, png(units))), metres(units)
    )


@pytest.mark.parametrize('image_format', ['32FC1; compressedDepth png', '32FC1; compressedDepth'])
def test_inverse_depth_is_read_as_upstream_wrote_it(messages: Any, image_format: str) -> None:
    """The writer of codec.cpp with its defaults: depth_quantization 100, depth_max 10."""
    depth = np.random.default_rng(5).uniform(0.2, 9.9, (9, 13)).astype(np.float32)
    a = np.float32(100 * 101)
    b = np.float32(1) - a / np.float32(10)
    codes = (a / depth + b).astype(np.uint16)
    codes[2, 2] = 0
    msg = messages.compressed(struct.pack('<iff', 0, a, b) + png(codes), format=image_format)
    read = decode_compressed(msg)
    assert np.isnan(read[2, 2])
    read[2, 2] = depth[2, 2]
    step = depth.astype(float) ** 2 / (a - depth)
    assert (read >= depth - 1e-5).all()
    assert (read - depth <= step + 1e-5).all()


@pytest.mark.parametrize('encoding', ['16UC1', 'mono16', '32FC1'])
def test_a_filled_message_goes_through_cdr(messages: Any, encoding: str) -> None:
    depth = np.random.default_rng(6).uniform(0.3, 9, (12, 17)).astype(np.float32)
    depth[3, 4:9] = np.nan
    msg = messages.compressed(b'left over', format='jpeg')
    fill_compressed(msg, *encode_compressed(depth, encoding))
    sent = messages.from_cdr(messages.to_cdr(msg), 'CompressedImage')
    assert sent.format == f'{encoding}; compressedDepth png'
    np.testing.assert_allclose(decode_compressed(sent), depth, atol=5e-3)


@given(DEPTHS, st.sampled_from([0.001, 0.00025]))
def test_sixteen_bits_are_compressed_without_loss(depth: F32, depth_scale: float) -> None:
    read = decode_compressed(message(*encode_compressed(depth, '16UC1', depth_scale)), depth_scale)
    raw = metres(encode(depth, '16UC1', depth_scale), depth_scale)
    np.testing.assert_array_equal(read, raw)


@given(DEPTHS)
def test_inverse_depth_errs_by_half_a_step_and_never_invents(depth: F32) -> None:
    read = decode_compressed(message(*encode_compressed(depth, '32FC1')))
    told = valid_mask(depth, 0.152, 99.99)
    known = ~np.isnan(read)
    assert known[told].all()
    assert valid_mask(depth)[known].all()
    z = depth[known].astype(float)
    assert (np.abs(read[known] - z) <= 0.51 * z**2 / 10100 * (1 + z / 10100) + 1e-6 * z).all()


def test_what_inverse_depth_cannot_tell_is_unknown_and_not_far() -> None:
    """Upstream wraps the near ones around to 16 bits."""
    depth = np.array([[0.01, 0.1, 0.15, 100.0, 150.0]], np.float32)
    assert np.isnan(decode_compressed(message(*encode_compressed(depth, '32FC1')))).all()


def test_what_lies_beyond_ten_metres_is_kept() -> None:
    depth = np.array([[12.0, 50.0, 99.0]], np.float32)
    for encoding in ('16UC1', '32FC1'):
        read = decode_compressed(message(*encode_compressed(depth[:, :2], encoding)))
        np.testing.assert_allclose(read, depth[:, :2], rtol=0.01)


@pytest.mark.parametrize('encoding', ['16UC1', '32FC1'])
def test_data_cut_short_anywhere_is_refused_without_noise(
    encoding: str, capfd: pytest.CaptureFixture[str]
) -> None:
    depth = np.random.default_rng(7).uniform(0.3, 9, (30, 40)).astype(np.float32)
    image_format, data = encode_compressed(depth, encoding)
    for length in range(0, len(data), 37):
        with pytest.raises(DepthDecodeError, match='damaged'):
            decode_compressed(message(image_format, data[:length]))
    assert capfd.readouterr().err == ''


def test_flipped_bytes_are_refused() -> None:
    depth = np.random.default_rng(8).uniform(0.3, 9, (30, 40)).astype(np.float32)
    image_format, data = encode_compressed(depth, '16UC1')
    for at in range(12 + 33, len(data), 37):
        flipped = data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :]
        with pytest.raises(DepthDecodeError, match='damaged'):
            decode_compressed(message(image_format, flipped))


@pytest.mark.parametrize('quantisation', [(0.0, 1.0), (-5.0, 1.0), (np.nan, 1.0), (1.0, np.inf)])
def test_a_quantisation_that_is_no_depth_is_refused(
    units: U16, quantisation: tuple[float, float]
) -> None:
    data = struct.pack('<iff', 0, *quantisation) + png(units)
    with pytest.raises(DepthDecodeError, match='quantisation'):
        decode_compressed(message('32FC1; compressedDepth png', data))


def test_codes_behind_the_camera_are_unknown() -> None:
    data = struct.pack('<iff', 0, 10100.0, 500.0) + png(np.array([[499, 500, 600]], np.uint16))
    read = decode_compressed(message('32FC1; compressedDepth png', data))
    assert np.isnan(read[0, :2]).all()
    assert read[0, 2] == pytest.approx(101)


@pytest.mark.parametrize(
    'pixels',
    [np.ones((4, 5), np.uint8), np.ones((4, 5, 3), np.uint8), np.ones((4, 5, 3), np.uint16)],
)
def test_a_png_of_another_kind_is_refused(pixels: AnyArray) -> None:
    for image_format, data in (
        ('16UC1; compressedDepth png', HEADER + png(pixels)),
        ('rgb8; png compressed bgr8', png(pixels)),
    ):
        with pytest.raises(DepthDecodeError, match='channels of uint'):
            decode_compressed(message(image_format, data))


@pytest.mark.parametrize(
    'image_format',
    [
        'rgb8; jpeg compressed bgr8',
        'jpeg',
        '',
        '16UC1; compressedDepth zstd',
        '8UC1; compressedDepth',
    ],
)
def test_other_formats_are_named_with_a_remedy(messages: Any, image_format: str) -> None:
    with pytest.raises(DepthDecodeError, match='take the compressedDepth topic') as raised:
        decode_compressed(messages.compressed(b'\xff\xd8' * 40, format=image_format))
    assert f"'{image_format}'" in str(raised.value)


def test_a_plain_png_cannot_be_inverse_depth(units: U16) -> None:
    with pytest.raises(DepthDecodeError, match='32FC1; png'):
        decode_compressed(message('32FC1; png compressed', png(units)))


def test_depth_is_compressed_in_no_other_encoding() -> None:
    with pytest.raises(ValueError, match='8UC1'):
        encode_compressed(np.ones((2, 2), np.float32), '8UC1')


def test_the_size_is_known_without_decoding(messages: Any, units: U16) -> None:
    rvl = HEADER + struct.pack('<II', 17, 12)
    for image_format, data in (
        ('16UC1; compressedDepth png', HEADER + png(units)),
        ('16UC1; png compressed', png(units)),
        ('16UC1; compressedDepth rvl', rvl),
    ):
        assert declared_size(messages.compressed(data, format=image_format)) == (12, 17)


@pytest.mark.parametrize('data', [b'', HEADER, png(np.ones((2, 2), np.uint16))[:20], b'\xff' * 40])
def test_what_claims_no_size_has_none(data: bytes) -> None:
    assert declared_size(message('16UC1; compressedDepth png', data)) is None
    assert declared_size(message('16UC1; compressedDepth rvl', data[:10])) is None
