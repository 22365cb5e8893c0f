"""Frames of public camera and codec set-ups against sizes worked out by hand from the named source."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bringup.streams.layout import Stream, frame_of
from bringup.streams.need import needs
from bringup.streams.pixel_format import find_format
from bringup.streams.stride_rules import find_rules

MIB = 1 << 20


@dataclass(frozen=True)
class SetUp:
    """A stream of a public driver or pipeline.

    :param source: where layout and number of buffers were read.
    :param by_hand: the bytes of each buffer of a frame, worked out by hand in the comment beside it.
    :param cma: what all buffers take of a CMA area: pages of 4 KiB, aligned to 1 MiB.
    """

    name: str
    source: str
    width: int
    height: int
    format: str
    frames: int
    rules: str
    by_hand: tuple[int, ...]
    cma: int


SET_UPS = (
    SetUp(
        "NV12 as V4L2 documents it",
        "Linux 5.10, Documentation/userspace-api/media/v4l/pixfmt-nv12.rst and v4l2-common.c: v4l2_fill_pixfmt",
        640, 480, "V4L2_PIX_FMT_NV12", 4, "packed",
        (460_800,),  # 640 * 480 = 307200, and half of it
        4 * 524_288,  # 113 pages: aligned to 128
    ),
    SetUp(
        "USB camera at 720p",
        "Linux 5.10, uvc_v4l2.c: YUYV; libcamera, pipeline/uvcvideo/uvcvideo.cpp: bufferCount = 4",
        1280, 720, "YUYV", 4, "packed",
        (1_843_200,),  # 1280 * 720 * 2
        4 * 2 * MIB,  # 450 pages: two of 256
    ),
    SetUp(
        "RkISP1 preview at 1080p",
        "libcamera, src/libcamera/pipeline/rkisp1: RKISP1_BUFFER_COUNT = 4",
        1920, 1080, "NV12", 4, "packed",
        (3_110_400,),  # 1920 * 1080 * 3 / 2
        4 * 3 * MIB,
    ),
    SetUp(
        "IPU3 raw frames",
        "Linux 5.10, ipu3-cio2.c: cio2_bytesperline, 64 bytes for 50 pixels; libcamera, ipu3.cpp: IPU3_BUFFER_COUNT = 4",
        2592, 1944, "ip3r", 4, "packed",
        (6_469_632,),  # 52 * 64 = 3328 bytes a row, 1944 rows
        4 * 7 * MIB,  # 6.17 MiB
    ),
    SetUp(
        "IPU3 ImgU output",
        "Linux 5.10, ipu3-css.c: width_align = IPU3_UAPI_ISP_VEC_ELEMS, 64; libcamera, ipu3.cpp: IPU3_BUFFER_COUNT = 4",
        1300, 700, "NV12", 4, "ipu3-imgu",
        (1_411_200,),  # 21 * 64 = 1344; 1344 * 700 * 3 / 2
        4 * 2 * MIB,
    ),
    SetUp(
        "Venus decodes 1080p for Codec2",
        "Linux 5.10, venus/helpers.c: get_framesize_raw_nv12; AOSP v4l2_codec2: output delay 16 of H.264, and "
        "kSmoothnessFactor 4 + kRenderingDepth 3 + 2 of the component",
        1920, 1080, "NV12", 25, "venus",
        (3 * MIB,),  # 1920 * 1088 + 1920 * 544 + 4096 + 8192 = 3145728
        25 * 3 * MIB,
    ),
    SetUp(
        "Venus decodes 2160p with 10 bits",
        "Linux 5.10, venus/helpers.c: get_framesize_raw_p010",
        3840, 2160, "P010", 8, "venus",
        (25_067_520,),  # 7680 * 2176 + 7680 * 1088
        8 * 24 * MIB,  # 23.9 MiB
    ),
    SetUp(
        "Amlogic decoder at 1080p",
        "Linux 5.10, meson/vdec/vdec.c: vdec_try_fmt_common, NV12M: each plane a buffer",
        1920, 1080, "NV12M", 6, "meson-vdec",
        (2_097_152, 1_048_576),  # 2073600 rounded up to 64 KiB, and half of it
        6 * 3 * MIB,
    ),
    SetUp(
        "Rockchip decoder, H.264 at 1080p",
        "Linux 5.10, rkvdec.c: rkvdec_try_capture_fmt, 128 bytes a macroblock for motion vectors",
        1920, 1080, "NV12", 6, "rkvdec-h264",
        (4_177_920,),  # 1920 * 1088 * 3 / 2 = 3133440; 120 * 68 * 128 = 1044480
        6 * 4 * MIB,
    ),
    SetUp(
        "Hantro decoder, H.264 at 1080p",
        "Linux 5.10, hantro_hw.h: hantro_h264_mv_size, 64 bytes a macroblock and 32",
        1920, 1080, "NV12", 6, "hantro-h264",
        (3_655_712,),  # 3133440 + 120 * 68 * 64 + 32
        6 * 4 * MIB,
    ),
    SetUp(
        "Allwinner decoder at 1080p",
        "Linux 5.10, cedrus_video.c: cedrus_prepare_format, 16 pixels and 16 lines",
        1920, 1080, "NV12", 6, "cedrus",
        (3_133_440,),  # 1920 * 1088 * 3 / 2
        6 * 3 * MIB,
    ),
    SetUp(
        "IMX219 through camss, raw",
        "Linux 5.10, camss-vfe.c: bpl_alignment = 8; pixfmt-srggb10p.rst: 4 pixels in 5 bytes",
        3280, 2464, "V4L2_PIX_FMT_SRGGB10P", 4, "camss-rdi",
        (10_112_256,),  # 3280 * 5 / 4 = 4100, to 4104; 4104 * 2464
        4 * 10 * MIB,
    ),
    SetUp(
        "Raspberry Pi 5 preview",
        "Linux 6.12, pisp_be_formats.h: YUV420 aligned to 128, its U and V to 64",
        1366, 768, "YUV420", 4, "pisp-be",
        (1_622_016,),  # 11 * 128 = 1408; 1408 * 768 + 2 * 704 * 384
        4 * 2 * MIB,
    ),
    SetUp(
        "Raspberry Pi's HEVC decoder, 8 bits",
        "raspberrypi/linux 5f04e16, hevc_d_video.c: hevc_d_prepare_dst_format: columns of 128 bytes, 8 lines",
        1366, 770, "NC12", 6, "packed",
        (1_638_912,),  # 11 * 128 = 1408; 770 to 776; 1408 * 776 * 3 / 2
        6 * 2 * MIB,
    ),
    SetUp(
        "Raspberry Pi's HEVC decoder, 10 bits at 2160p",
        "raspberrypi/linux 5f04e16, hevc_d_video.c: columns of 96 pixels, 3 of them in 4 bytes",
        3840, 2160, "NV12_10_COL128", 6, "packed",
        (16_588_800,),  # 3840 * 4 / 3 = 5120; 5120 * 2160 * 3 / 2
        6 * 16 * MIB,  # 15.8 MiB
    ),
    SetUp(
        "Allwinner decoder, in tiles",
        "Linux 7.3, cedrus_video.c: cedrus_prepare_format: 32 pixels, 32 lines, chroma 64",
        1366, 720, "V4L2_PIX_FMT_NV12_32L32", 6, "packed",
        (1_541_120,),  # 43 * 32 = 1376; 1376 * 736 + 1376 * 768 / 2
        6 * 2 * MIB,
    ),
    SetUp(
        "NXP i.MX 8 decoder, in tiles",
        "Linux 7.3, amphion/vpu_helpers.c: get_tiled_8l128_plane_size: 8 bytes, 128 lines, chroma 256",
        1916, 1080, "NV12M_8L128", 6, "packed",
        (2_211_840, 1_228_800),  # 1920 * 1152; 1920 * 1280 / 2
        6 * (3 * MIB + 2 * MIB),
    ),
    SetUp(
        "Rockchip display",
        "Linux 5.10, rockchip_drm_gem.c: rockchip_gem_dumb_create, pitch aligned to 64",
        1366, 768, "DRM_FORMAT_XRGB8888", 3, "rockchip-drm",
        (4_227_072,),  # 5464 to 5504; 5504 * 768
        3 * 5 * MIB,  # 4.03 MiB
    ),
)  # fmt: skip


@pytest.mark.parametrize("setup", SET_UPS, ids=lambda setup: setup.name)
def test_a_public_set_up(setup: SetUp) -> None:
    pixels = find_format(setup.format)
    assert pixels is not None
    rules = find_rules(setup.rules, pixels.name)
    assert rules is not None
    stream = Stream(
        name="x", heap="linux,cma", buffers=setup.frames, pixels=pixels, width=setup.width, height=setup.height, rules=rules
    )  # fmt: skip
    assert frame_of(stream).buffers == setup.by_hand
    (need,) = needs([stream], ["linux,cma"], 4096)
    assert need.largest == -(-max(setup.by_hand) // 4096) * 4096
    assert need.buffers == setup.frames * len(setup.by_hand)
    assert need.area == setup.cma
