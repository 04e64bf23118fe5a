"""What WhatsApp takes as media.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media#supported-media-types
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MB = 1024 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of media: the bytes that it may have, and its types with the endings of their files' names."""

    name: str
    limit: int
    types: Mapping[str, tuple[str, ...]]

    @property
    def endings(self) -> set[str]:
        """The endings of all its types."""
        return {ending for endings in self.types.values() for ending in endings}


KINDS = {
    kind.name: kind
    for kind in (
        Kind("image", 5 * MB, {"image/jpeg": ("jpg", "jpeg"), "image/png": ("png",)}),
        Kind("video", 16 * MB, {"video/mp4": ("mp4",), "video/3gpp": ("3gp", "3gpp"), "video/3gp": ("3gp", "3gpp")}),
        Kind(
            "audio",
            16 * MB,
            {
                "audio/aac": ("aac",),
                "audio/amr": ("amr",),
                "audio/mpeg": ("mp3",),
                "audio/mp4": ("m4a", "mp4"),
                "audio/ogg": ("ogg", "opus"),
            },
        ),
        Kind(
            "document",
            100 * MB,
            {
                "text/plain": ("txt",),
                "application/pdf": ("pdf",),
                "application/msword": ("doc",),
                "application/vnd.ms-excel": ("xls",),
                "application/vnd.ms-powerpoint": ("ppt",),
                f"{_OFFICE}.wordprocessingml.document": ("docx",),
                f"{_OFFICE}.spreadsheetml.sheet": ("xlsx",),
                f"{_OFFICE}.presentationml.presentation": ("pptx",),
            },
        ),
    )
}
_BY_TYPE = {type_: kind for kind in KINDS.values() for type_ in kind.types}


def kind_of(type_: str) -> Kind | None:
    """The kind of media of a type, or None where WhatsApp does not take it."""
    return _BY_TYPE.get(type_)
