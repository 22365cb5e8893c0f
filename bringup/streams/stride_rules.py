"""How drivers pad frames: alignment of rows, planes and buffers, as data with sources."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PACKED", "StrideRules", "find_rules", "rule_names"]


@dataclass(frozen=True, slots=True)
class StrideRules:
    """How one driver lays out a frame. 1: no alignment.

    :param name: the driver's; ``source``: where it was read.
    :param formats: pixel formats that it holds for; empty: every one.
    :param width: pixels that the width is rounded up to; ``height``: lines.
    :param stride: bytes that the first plane's row is rounded up to; those of the others follow it.
    :param planes: bytes that each plane is rounded up to, from the first on; the last counts for the rest.
    :param extra: bytes after the planes; ``per_macroblock``: bytes for each 16 by 16 pixels, for motion vectors.
    :param size: bytes that each buffer is rounded up to.
    """

    name: str
    source: str = ""
    formats: tuple[str, ...] = ()
    width: int = 1
    height: int = 1
    stride: int = 1
    planes: tuple[int, ...] = ()
    extra: int = 0
    per_macroblock: int = 0
    size: int = 1


#: Nothing is padded.
PACKED = StrideRules(
    "packed", "drivers/media/v4l2-core/v4l2-common.c of Linux 5.10: v4l2_fill_pixfmt, v4l2_fill_pixfmt_mp"
)
_NV12 = ("NV12", "NV21")
_PISP = "drivers/media/platform/raspberrypi/pisp_be/pisp_be_formats.h of Linux 6.12: align"
_RCAR = "drivers/media/platform/rcar-vin/rcar-v4l2.c of Linux 5.10: rvin_format_bytesperline"
_VENUS = "drivers/media/platform/qcom/venus/helpers.c of Linux 5.10: get_framesize_raw_"
_CAMSS = "drivers/media/platform/qcom/camss/camss-vfe.c of Linux 5.10: bpl_alignment"
_RULES = (
    PACKED,
    StrideRules("camss-pix", f"{_CAMSS} of VFE_LINE_PIX", stride=16),
    StrideRules("camss-rdi", f"{_CAMSS} of the RDI lines", stride=8),
    StrideRules(
        "cedrus",
        "drivers/staging/media/sunxi/cedrus/cedrus_video.c of Linux 5.10: cedrus_prepare_format",
        ("NV12",), width=16, height=16,
    ),
    StrideRules(
        "coda",
        "drivers/media/platform/coda/coda-common.c of Linux 5.10: coda_try_fmt_vid_cap, of a decoder",
        ("NV12", "YUV420", "YVU420", "YUV422P"), width=16, height=16,
    ),
    StrideRules(
        "hantro-h264",
        "drivers/staging/media/hantro/hantro_v4l2.c and hantro_hw.h of Linux 5.10: hantro_h264_mv_size",
        ("NV12",), width=16, height=16, per_macroblock=64, extra=32,
    ),
    StrideRules(
        "ipu3-imgu",
        "drivers/staging/media/ipu3/ipu3-css.c of Linux 5.10: imgu_css_queue_init, width_align of NV12",
        ("NV12",), width=64, height=2,
    ),
    StrideRules(
        "meson-vdec",
        "drivers/staging/media/meson/vdec/vdec.c of Linux 5.10: vdec_try_fmt_common, get_output_size",
        ("NV12M",), stride=32, planes=(64 << 10, 32 << 10),
    ),
    StrideRules(
        "mtk-vcodec-dec",
        "drivers/media/platform/mtk-vcodec/mtk_vcodec_dec.c of Linux 5.10: vidioc_try_fmt, before the header is parsed",
        width=64, height=64,
    ),
    StrideRules("pisp-be", _PISP, ("YUV420", "YVU420"), stride=128),
    StrideRules(
        "pisp-be", _PISP,
        ("YUYV", "UYVY", "YVYU", "VYUY", "YUV420M", "YVU420M", "YUV422M", "YVU422M", "YUV444M", "YVU444M", "XBGR32",
         "RGBX32"),
        stride=64,
    ),
    StrideRules("pisp-be", _PISP, stride=32),
    StrideRules("rcar-vin", _RCAR, ("NV12", "NV16"), width=32),
    StrideRules("rcar-vin", _RCAR, width=16),
    StrideRules(
        "rkvdec-h264",
        "drivers/staging/media/rkvdec/rkvdec.c of Linux 5.10: rkvdec_try_capture_fmt, frmsize of H264_SLICE",
        ("NV12",), width=16, height=16, per_macroblock=128,
    ),
    StrideRules(
        "rockchip-drm",
        "drivers/gpu/drm/rockchip/rockchip_drm_gem.c of Linux 5.10: rockchip_gem_dumb_create",
        stride=64,
    ),
    StrideRules("venus", f"{_VENUS}nv12", _NV12, stride=128, height=32, extra=12 << 10, size=4 << 10),
    StrideRules("venus", f"{_VENUS}p010", ("P010",), stride=256, height=32, size=4 << 10),
)  # fmt: skip


def rule_names() -> tuple[str, ...]:
    """The names of the rules, each once."""
    return tuple(dict.fromkeys(rules.name for rules in _RULES))


def find_rules(name: str, pixels: str) -> StrideRules | None:
    """The rules of that name for a pixel format; ``None``: not known, or not for this format."""
    of_name = (rules for rules in _RULES if rules.name == name)
    return next((rules for rules in of_name if not rules.formats or pixels in rules.formats), None)
