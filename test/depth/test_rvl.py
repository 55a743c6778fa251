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
"""RVL, against a writer that follows the paper's program line by line."""

import struct
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cdst_ros.depth import DepthDecodeError, decode_compressed, metres
from cdst_ros.depth.arrays import U16
from cdst_ros.depth.rvl import RvlError, decode_rvl

IMAGES = hnp.arrays(
    np.uint16,
    st.tuples(st.integers(1, 9), st.integers(1, 40)),
    elements=st.sampled_from([0, 1, 65535]) | st.integers(0, 65535),
)


def encode_rvl(image: U16) -> bytes:
    """Wilson, SIGCHI 2017, appendix, CompressRVL; with the size before it as in codec.cpp."""
    nibbles: list[int] = []

    def write(value: int) -> None:
        more = True
        while more:
            nibble = value & 7
            value >>= 3
            more = value > 0
            nibbles.append(nibble | (8 if more else 0))

    pixels = [int(pixel) for pixel in image.ravel()]
    at = previous = 0
    while at < len(pixels):
        start = at
        while at < len(pixels) and pixels[at] == 0:
            at += 1
        write(at - start)
        start = at
        while at < len(pixels) and pixels[at] != 0:
            at += 1
        write(at - start)
        for pixel in pixels[start:at]:
            delta = pixel - previous
            write((delta << 1) ^ (delta >> 31))
            previous = pixel
    nibbles += [0] * (-len(nibbles) % 8)
    words = [
        int(''.join(f'{n:x}' for n in nibbles[i : i + 8]), 16) for i in range(0, len(nibbles), 8)
    ]
    height, width = image.shape
    return struct.pack(f'<II{len(words)}I', width, height, *words)


@given(IMAGES)
def test_images_are_read_without_loss(image: U16) -> None:
    assert np.array_equal(decode_rvl(np.frombuffer(encode_rvl(image), np.uint8)), image)


def test_bytes_of_the_original_program_are_read() -> None:
    """What upstream's rvl_codec.cpp makes of a 4x2 image."""
    data = bytes.fromhex('040000000200000023f38a25bff38c8e0010f3ff')
    expected = [[0, 0, 1000, 1001], [999, 65535, 1, 0]]
    assert decode_rvl(np.frombuffer(data, np.uint8)).tolist() == expected


def test_a_large_empty_image_is_read() -> None:
    image = np.zeros((480, 640), np.uint16)
    assert not decode_rvl(np.frombuffer(encode_rvl(image), np.uint8)).any()


@pytest.mark.parametrize('encoding', ['16UC1', '32FC1'])
def test_compressed_depth_in_rvl_is_read(encoding: str) -> None:
    codes = np.array([[0, 1500, 1501, 0], [1400, 900, 0, 4000]], np.uint16)
    header = struct.pack('<iff', 0, 10100.0, 0.0)
    msg = SimpleNamespace(
        format=f'{encoding}; compressedDepth rvl', data=header + encode_rvl(codes)
    )
    with np.errstate(divide='ignore'):
        inverse = np.where(codes > 0, 10100 / codes, np.nan)
    expected = metres(codes) if encoding == '16UC1' else inverse
    np.testing.assert_allclose(decode_compressed(msg), expected, rtol=1e-6)


def test_data_cut_short_anywhere_is_refused() -> None:
    image = np.random.default_rng(9).integers(0, 3000, (20, 30)).astype(np.uint16)
    data = encode_rvl(image)
    for length in range(len(data) - 4):
        with pytest.raises(RvlError):
            decode_rvl(np.frombuffer(data[:length], np.uint8))


@pytest.mark.parametrize('size', [(0, 5), (5, 0), (2**32 - 1, 2**32 - 1)])
def test_a_size_that_is_none_is_refused(size: tuple[int, int]) -> None:
    data = struct.pack('<IIII', *size, 0, 0)
    with pytest.raises(RvlError, match='pixels'):
        decode_rvl(np.frombuffer(data, np.uint8))


def test_a_value_that_never_ends_is_refused() -> None:
    data = struct.pack('<II', 5, 5) + b'\xff' * 400 + bytes(8)
    with pytest.raises(RvlError, match='more than 32 bits'):
        decode_rvl(np.frombuffer(data, np.uint8))


@given(st.binary(min_size=8, max_size=400), st.integers(1, 30), st.integers(1, 30))
def test_random_data_is_an_image_of_its_size_or_refused(
    data: bytes, width: int, height: int
) -> None:
    stream = struct.pack('<II', width, height) + data
    try:
        image = decode_rvl(np.frombuffer(stream, np.uint8))
    except RvlError:
        return
    assert image.shape == (height, width)


def test_damage_is_told_with_its_message() -> None:
    header = struct.pack('<iff', 0, 0.0, 0.0)
    data = header + encode_rvl(np.ones((4, 4), np.uint16))[:-4]
    with pytest.raises(DepthDecodeError, match=r'RVL data .* damaged'):
        decode_compressed(SimpleNamespace(format='16UC1; compressedDepth rvl', data=data))
