"""Sign a bundle with a private key, so that `serve`, `predict` and `promote` can verify it by --signed-by.

Make the two keys once, and keep the private one outside of the project:

    openssl genpkey -algorithm ed25519 -out private.pem
    openssl pkey -in private.pem -pubout -out public.pem

The signature is written beside the bundle's folder, with the suffix .sig; commit it, and copy it with the bundle.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pedigree.base.command import parser, plain_errors
from pedigree.base.paths import CHAMPION
from pedigree.prediction.sealed import Sealed
from pedigree.prediction.signing import write_signature


@plain_errors("sign")
def main(arguments: Sequence[str] | None = None) -> None:
    """Sign a bundle."""
    cli = parser("sign", __doc__)
    cli.add_argument("--bundle", type=Path, default=CHAMPION, help="default: %(default)s")
    cli.add_argument("--key", type=Path, required=True, help="file of the private key")
    options = cli.parse_args(arguments)
    identity = Sealed.read(options.bundle).id
    print(f"{write_signature(options.bundle, options.key)} is the signature of bundle {identity}.")
