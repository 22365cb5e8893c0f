"""What a pixel format takes in memory, by the names of DRM and V4L2."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["PixelFormat", "Plane", "find_format", "format_names", "is_compressed"]


@dataclass(frozen=True, slots=True)
class Plane:
    """One plane of a frame.

    :param bytes: of one block of samples in a row; ``samples``: how many samples that is.
    :param across: the frame has so many pixels per sample of this plane in a row; ``down``: and in a column.
    :param tile: pixels and lines of the frame that its width and height are rounded up to, for this plane.
    """

    bytes: int
    samples: int = 1
    across: int = 1
    down: int = 1
    tile: tuple[int, int] = (1, 1)

    def stride(self, width: int) -> int:
        """The bytes of a row without padding."""
        width = _up(width, self.tile[0]) * self.tile[0]
        return _up(_up(width, self.across), self.samples) * self.bytes

    def lines(self, height: int) -> int:
        """The rows of this plane in a frame of so many lines."""
        return _up(_up(height, self.tile[1]) * self.tile[1], self.down)


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """A pixel format.

    :param name: as V4L2 spells it (without ``V4L2_PIX_FMT_``), or DRM where V4L2 has none.
    :param other_names: its other spellings: the names and codes (fourcc) of DRM and V4L2.
    :param is_separate: each plane is a buffer of its own, as V4L2's names that end in M ask for.
    """

    name: str
    planes: tuple[Plane, ...]
    other_names: tuple[str, ...] = ()
    is_separate: bool = False


def _up(number: int, step: int) -> int:
    return -(-number // step)


_Y = Plane(1)
_P030 = (Plane(4, samples=3), Plane(8, 3, 2, 2))
_PACKED_YUV = (Plane(4, samples=2),)


def _semi_planar(across: int, down: int, bytes_: int = 1, samples: int = 1) -> tuple[Plane, ...]:
    """Y, and below it U and V in turn."""
    chroma = Plane(2 * bytes_, samples, across, down) if samples == 1 else Plane(bytes_, samples // 2, across, down)
    return Plane(bytes_, samples), chroma


def _tiled(
    luma: tuple[int, int], chroma: tuple[int, int], planes: tuple[Plane, ...] = _semi_planar(2, 2)
) -> tuple[Plane, ...]:
    """As these planes, in tiles."""
    return tuple(replace(plane, tile=tile) for plane, tile in zip(planes, (luma, chroma), strict=True))


def _planar(across: int, down: int) -> tuple[Plane, ...]:
    return _Y, Plane(1, 1, across, down), Plane(1, 1, across, down)


def _bayer(bits: str, plane: Plane, codes: str = "", stem: str = "S{}") -> list[PixelFormat]:
    """The four orders of a Bayer format; ``codes``: V4L2's fourcc codes of BGGR, GBRG, GRBG, RGGB."""
    orders = ("BGGR", "GBRG", "GRBG", "RGGB")
    given = codes.split() or [""] * 4
    return [
        PixelFormat(stem.format(order) + bits, (plane,), tuple(filter(None, (code,))))
        for order, code in zip(orders, given, strict=True)
    ]


#: Sources: drivers/gpu/drm/drm_fourcc.c and include/uapi/drm/drm_fourcc.h (names of DRM),
#: drivers/media/v4l2-core/v4l2-common.c and include/uapi/linux/videodev2.h (names of V4L2), of Linux 5.10;
#: Documentation/userspace-api/media/v4l/pixfmt-srggb10p.rst and -srggb12p.rst for packed Bayer formats; of Linux 7.3:
#: v4l2-common.c for tiles (block_w, block_h), amphion/vpu_helpers.c: get_tiled_8l128_plane_size, cedrus_video.c:
#: cedrus_prepare_format (32L32); of raspberrypi/linux 5f04e16: hevc_d_video.c: hevc_d_prepare_dst_format (COL128);
#: hardware/interfaces of AOSP: graphics/common PixelFormat.aidl for RAW10, RAW12, RAW16, YCBCR_P010.
_FORMATS: tuple[PixelFormat, ...] = (
    # Y with U and V in turn
    PixelFormat("NV12", _semi_planar(2, 2), ("YCBCR_420_SP",)),
    PixelFormat("NV21", _semi_planar(2, 2), ("YCRCB_420_SP",)),
    PixelFormat("NV16", _semi_planar(2, 1)),
    PixelFormat("NV61", _semi_planar(2, 1)),
    PixelFormat("NV24", _semi_planar(1, 1)),
    PixelFormat("NV42", _semi_planar(1, 1)),
    PixelFormat("NV15", _semi_planar(2, 2, bytes_=5, samples=4)),
    PixelFormat("NV20", _semi_planar(2, 1, bytes_=5, samples=4)),
    PixelFormat("NV30", _semi_planar(1, 1, bytes_=5, samples=4)),
    PixelFormat("P010", _semi_planar(2, 2, bytes_=2), ("YCBCR_P010",)),
    PixelFormat("P030", _P030),
    PixelFormat("P012", _semi_planar(2, 2, bytes_=2)),
    PixelFormat("P016", _semi_planar(2, 2, bytes_=2)),
    PixelFormat("P210", _semi_planar(2, 1, bytes_=2)),
    PixelFormat("NV12M", _semi_planar(2, 2), ("NM12",), is_separate=True),
    PixelFormat("NV21M", _semi_planar(2, 2), ("NM21",), is_separate=True),
    PixelFormat("NV16M", _semi_planar(2, 1), ("NM16",), is_separate=True),
    PixelFormat("NV61M", _semi_planar(2, 1), ("NM61",), is_separate=True),
    # The same in tiles and columns
    PixelFormat("NV12_4L4", _semi_planar(2, 2), ("VT12",)),
    PixelFormat("NV15_4L4", _tiled((4, 1), (2, 1), _semi_planar(2, 2, bytes_=5, samples=4)), ("VT15",)),
    PixelFormat("P010_4L4", _semi_planar(2, 2, bytes_=2), ("T010",)),
    PixelFormat("NV12_32L32", _tiled((32, 32), (32, 64)), ("ST12", "SUNXI_TILED_NV12")),
    PixelFormat("NV12_8L128", _tiled((8, 128), (8, 256)), ("AT12",)),
    PixelFormat("NV12M_8L128", _tiled((8, 128), (8, 256)), ("NA12",), is_separate=True),
    PixelFormat("NV12MT", _tiled((64, 32), (32, 16)), ("TM12",), is_separate=True),
    PixelFormat("NV12MT_16X16", _tiled((16, 16), (8, 8)), ("VM12",), is_separate=True),
    PixelFormat("MM21", _tiled((16, 32), (16, 32)), is_separate=True),
    *(
        PixelFormat(name, _tiled((16, 32), (8, 16), _semi_planar(2, 2, bytes_=5, samples=4)), (code,), is_separate=True)
        for name, code in (("MT2110T", "MT2T"), ("MT2110R", "MT2R"))
    ),
    PixelFormat("NV12_COL128", _tiled((128, 8), (128, 8)), ("NC12",)),
    PixelFormat("NV12_10_COL128", _tiled((96, 8), (96, 8), _P030), ("NC30",)),
    # Y, U and V apart
    PixelFormat("YUV420", _planar(2, 2), ("YU12", "I420")),
    PixelFormat("YVU420", _planar(2, 2), ("YV12",)),
    PixelFormat("YUV422P", _planar(2, 1), ("422P", "YUV422", "YU16")),
    PixelFormat("YVU422", _planar(2, 1), ("YV16",)),
    PixelFormat("YUV444", _planar(1, 1), ("YU24",)),
    PixelFormat("YVU444", _planar(1, 1), ("YV24",)),
    PixelFormat("YUV410", _planar(4, 4), ("YUV9",)),
    PixelFormat("YVU410", _planar(4, 4), ("YVU9",)),
    PixelFormat("YUV411P", _planar(4, 1), ("411P", "YUV411", "YU11")),
    PixelFormat("YUV420M", _planar(2, 2), ("YM12",), is_separate=True),
    PixelFormat("YVU420M", _planar(2, 2), ("YM21",), is_separate=True),
    PixelFormat("YUV422M", _planar(2, 1), ("YM16",), is_separate=True),
    PixelFormat("YVU422M", _planar(2, 1), ("YM61",), is_separate=True),
    PixelFormat("YUV444M", _planar(1, 1), ("YM24",), is_separate=True),
    PixelFormat("YVU444M", _planar(1, 1), ("YM42",), is_separate=True),
    # Packed YUV and grey
    *(PixelFormat(name, _PACKED_YUV) for name in ("YUYV", "YVYU", "UYVY", "VYUY")),
    *(PixelFormat(name, (Plane(8, samples=2),)) for name in ("Y210", "Y212", "Y216")),
    PixelFormat("GREY", (_Y,), ("Y8", "R8")),
    PixelFormat("Y10", (Plane(2),)),
    PixelFormat("Y12", (Plane(2),)),
    PixelFormat("Y16", (Plane(2),), ("R16",)),
    PixelFormat("Y10P", (Plane(5, samples=4),)),
    # RGB
    PixelFormat("RGB565", (Plane(2),), ("RGBP", "RG16")),
    PixelFormat("BGR565", (Plane(2),), ("BG16",)),
    PixelFormat("RGB24", (Plane(3),), ("RGB3", "BGR888", "BG24")),
    PixelFormat("BGR24", (Plane(3),), ("BGR3", "RGB888", "RG24")),
    PixelFormat("XBGR32", (Plane(4),), ("XRGB8888", "XR24", "BGRX_8888")),
    PixelFormat("ABGR32", (Plane(4),), ("ARGB8888", "AR24", "BGRA_8888")),
    PixelFormat("RGBX32", (Plane(4),), ("XBGR8888", "XB24", "RGBX_8888")),
    PixelFormat("RGBA32", (Plane(4),), ("ABGR8888", "AB24", "RGBA_8888")),
    PixelFormat("XRGB32", (Plane(4),), ("BX24", "BGRX8888")),
    PixelFormat("ARGB32", (Plane(4),), ("BA24", "BGRA8888")),
    PixelFormat("BGRX32", (Plane(4),), ("RX24", "RGBX8888")),
    PixelFormat("BGRA32", (Plane(4),), ("RA24", "RGBA8888")),
    PixelFormat("XRGB2101010", (Plane(4),), ("XR30",)),
    PixelFormat("ARGB2101010", (Plane(4),), ("AR30",)),
    PixelFormat("XBGR2101010", (Plane(4),), ("XB30",)),
    PixelFormat("ABGR2101010", (Plane(4),), ("AB30", "RGBA_1010102")),
    PixelFormat("XBGR16161616F", (Plane(8),), ("XB4H",)),
    PixelFormat("ABGR16161616F", (Plane(8),), ("AB4H", "RGBA_FP16")),
    # Bayer: raw frames of a camera
    *_bayer("8", Plane(1), "BA81 GBRG GRBG RGGB"),
    *_bayer("10", Plane(2), "BG10 GB10 BA10 RG10"),
    *_bayer("12", Plane(2), "BG12 GB12 BA12 RG12"),
    *_bayer("14", Plane(2), "BG14 GB14 GR14 RG14"),
    *_bayer("16", Plane(2), "BYR2 GB16 GR16 RG16"),
    *_bayer("10P", Plane(5, samples=4), "pBAA pGAA pgAA pRAA"),
    *_bayer("12P", Plane(3, samples=2), "pBCC pGCC pgCC pRCC"),
    *_bayer("14P", Plane(7, samples=4), "pBEE pGEE pgEE pREE"),
    PixelFormat("RAW10", (Plane(5, samples=4),)),
    PixelFormat("RAW12", (Plane(3, samples=2),)),
    PixelFormat("RAW16", (Plane(2),)),
    *_bayer("10", Plane(64, samples=50), "ip3b ip3g ip3G ip3r", stem="IPU3_S{}"),
)  # fmt: skip
_PREFIXES = ("DRM_FORMAT_", "V4L2_PIX_FMT_", "MEDIA_PIX_FMT_", "HAL_PIXEL_FORMAT_")


def _by_name() -> dict[str, PixelFormat]:
    """Every format by its name, then by its other names.

    RG16 is RGB565 of DRM and SRGGB16 of V4L2: both take 2 bytes.
    """
    known = {pixels.name: pixels for pixels in _FORMATS}
    for pixels in _FORMATS:
        for name in pixels.other_names:
            known.setdefault(name, pixels)
    return known


_KNOWN = _by_name()
_CAPITALS = {name.upper(): pixels for name, pixels in reversed(_KNOWN.items())}


def find_format(name: str) -> PixelFormat | None:
    """The format of that name or code, with or without the prefix of its header file; ``None``: not known."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return _KNOWN.get(name) or _CAPITALS.get(name.upper())


def is_compressed(name: str) -> bool:
    """Whether a name of a format, or of a modifier of DRM, stands for a layout whose size no rule here gives.

    Source: include/uapi/linux/videodev2.h and include/uapi/drm/drm_fourcc.h of Linux 7.3.
    """
    for prefix in ("DRM_FORMAT_MOD_", *_PREFIXES):
        name = name.removeprefix(prefix)
    return bool(re.fullmatch(r"(?i)(ARM_)?AF[BR]C.*|(QCOM_COMPRESSED|UBWC|QC08C|Q08C|QC10C|Q10C|MT21C|MT21)", name))


def format_names() -> tuple[str, ...]:
    """Every name that is known."""
    return tuple(_KNOWN)
