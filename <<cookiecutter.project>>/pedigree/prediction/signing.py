"""Signatures of bundles: who made one can be proven with a key, where the manifest alone only shows what it is.

The signature is that of the manifest by Ed25519 (RFC 8032), 64 bytes in a file beside the bundle's folder, so that
any tool can check it::

    openssl pkeyutl -verify -rawin -pubin -inkey public.pem -in models/bundle/sha256.json -sigfile models/bundle.sig
"""

from __future__ import annotations

from contextlib import suppress
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from pedigree.base.files.replacing import write_bytes
from pedigree.base.names import UserError
from pedigree.base.paths import MANIFEST

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIZE = 64  # bytes of a signature


def signature_file(folder: Path) -> Path:
    """Return the path of a bundle's signature, which is beside its folder."""
    return folder.with_name(f"{folder.name}.sig")


def write_signature(folder: Path, key: Path) -> Path:
    """Sign a bundle; return the path of the signature.

    Parameters
    ----------
    folder : Path
        A verified bundle.
    key : Path
        A private key of Ed25519, in a PEM file.

    Raises
    ------
    UserError
        The file does not contain such a key.
    """
    signature = _private_key(key).sign((folder / MANIFEST).read_bytes())
    write_bytes(signature, signature_file(folder))
    return signature_file(folder)


def check_signature(folder: Path, manifest: bytes, key: Path) -> None:
    """Check that a bundle was signed with the private key that belongs to a public one.

    Parameters
    ----------
    folder : Path
        The bundle.
    manifest : bytes
        Its manifest.
    key : Path
        A public key of Ed25519, in a PEM file.

    Raises
    ------
    UserError
        There is no signature, or it is not of this manifest and key, or the file contains no such key.
    """
    from cryptography.exceptions import InvalidSignature

    public, path = _public_key(key), signature_file(folder)
    if not path.is_file():
        raise UserError(
            f"{path} is missing, so {folder} is not signed; see `python -m pedigree sign --help`."
        )
    with path.open("rb") as file:
        signature = file.read(SIZE + 1)
    try:
        public.verify(signature, manifest)
    except InvalidSignature:
        raise UserError(f"{path} is no signature of {folder} by the key {key}.") from None


def _private_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _read(path)
    key: object = None
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError:  # it is encrypted
        key = _encrypted_key(content, path)
    except ValueError:
        pass
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(
            f"{path} is no private key of Ed25519; `python -m pedigree sign --help` says how to make one."
        )
    return key


def _encrypted_key(content: bytes, path: Path) -> object:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(content, getpass(f"Passphrase of {path}: ").encode())
    except (ValueError, EOFError):
        raise UserError(f"{path} cannot be opened with this passphrase.") from None


def _public_key(path: Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key: object = None
    with suppress(ValueError):
        key = load_pem_public_key(_read(path))
    if not isinstance(key, Ed25519PublicKey):
        raise UserError(
            f"{path} is no public key of Ed25519; `python -m pedigree sign --help` says how to make one."
        )
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"the key {path} cannot be read: {error.strerror}.") from None
