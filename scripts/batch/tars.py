"""Tars as archives of photos: their members in order, and whether the tar is whole."""

import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from tarfile import HeaderError
from typing import Any

# headers that hold a name or more of the next one; tarfile reads them whole
LONG_KINDS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
LONGEST_HEADER = 2**20
END = "EOFHeaderError"  # a block of zeros


class DamagedTarError(ValueError):
    """A tar that ends too early, or whose headers say what cannot be."""


class Member(tarfile.TarInfo):
    """A header that cannot make tarfile read gigabytes or backwards, or take a damaged tar for one that has ended."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: str, errors: str) -> "Member":
        """Read a header's block."""
        member = super().frombuf(buf, encoding, errors)
        if member.size < 0 or (member.type in LONG_KINDS and member.size > LONGEST_HEADER):
            raise DamagedTarError("the tar is damaged (a header has an impossible size)")
        return member

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> "Member":
        """Read the next header; only blocks of zeros are a tar's end."""
        try:
            return super().fromtarfile(tarfile)
        except HeaderError as error:
            if tarfile.offset == 0 or type(error).__name__ == END:  # not a tar at all, or compressed in another way
                raise
            raise DamagedTarError("the tar is damaged or cut: it has no end where a header should be") from None


@contextmanager
def opened(file: Any, mode: str = "r:*") -> Iterator[tarfile.TarFile]:
    """Open a tar, compressed or not; what is wrong with it from now on is one kind of error.

    Raises:
        DamagedTarError: as its name says.
        OSError, EOFError, zlib.error, lzma.LZMAError: what its bytes come from fails.
    """
    try:
        with closing(tarfile.open(fileobj=file, mode=mode, tarinfo=Member)) as tar:  # type: ignore[call-overload]
            yield tar
    except DamagedTarError:
        raise
    except tarfile.ReadError as error:
        reason = "it is no tar, or cut" if "could not be opened" in str(error) else f"the tar is damaged: {error}"
        raise DamagedTarError(reason) from None
    except (tarfile.TarError, RecursionError, ValueError, OverflowError, KeyError) as error:
        raise DamagedTarError(f"the tar is damaged ({type(error).__name__}: {error})"[:200]) from None


def members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members in their order; raises as opened does."""
    last = -1
    while (member := tar.next()) is not None:
        tar.members.clear()  # type: ignore[attr-defined]  # else all are kept; its documentation is silent on the list
        if member.offset <= last or member.size < 0:
            raise DamagedTarError("the tar is damaged (a member lies before the one before it)")
        last = member.offset
        yield member


def files(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Yield name and content's member of each file; of those of one name the first counts, for hard links too.

    A hard link is the file that it links to, which stands before it.
    """
    found: dict[str, tarfile.TarInfo] = {}
    for member in members(tar):
        target = member if member.isfile() else found.get(member.linkname) if member.islnk() else None
        if target is not None and member.name not in found:
            target.pax_headers = {}  # may be megabytes, each
            found[member.name] = target
            yield member.name, target
