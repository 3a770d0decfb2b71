"""A bundle from elsewhere: what it may name, which one is accepted, and who made it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from library.projects import RAW, ROOT, TEMPLATE, Project

from pedigree.base.names import UserError
from pedigree.base.tables import sha256
from pedigree.prediction.bundle import Bundle
from pedigree.prediction.own_code import own_files
from pedigree.prediction.sealed import Sealed, seal
from pedigree.serving import batch, promote, sign

FOLDER = Path("models/bundle")


def edit(change: Callable[[dict[str, Any]], Any], name: str = "signature.json") -> None:
    """Change a JSON file of the bundle, and seal the bundle again, as an attacker does."""
    data = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    change(data)
    (FOLDER / name).write_text(json.dumps(data), encoding="utf-8")
    seal(FOLDER)


@pytest.mark.parametrize(
    "step",
    [
        {"_target_": "os.system", "command": "touch PWNED"},
        {"_target_": "antigravity.geohash"},
        {"_target_": "pandas.read_pickle"},
        {"_target_": "pedigree.base.git.git"},
        {"_target_": "pipeline.custom.sources.anything"},
        {"_target_": "pipeline.custom.cleaning.unknown"},
        {"_target_": "pedigree.cleaning.limit", "columns": {"_target_": "os.getcwd"}},
        {"_target_": "pedigree.cleaning.trim_text", "_partial_": True},
        {"_target_": "pedigree.cleaning.trim_text", "columns": [{"_target_": "os.getcwd"}]},
        {"_target_": None},
        {},
    ],
)
def test_a_bundle_names_only_known_cleaning_steps(step: dict[str, Any], project: Project) -> None:
    edit(lambda data: data["clean"].update(mine=step))
    before = set(sys.modules)
    with pytest.raises(UserError, match=r"^the bundle models/bundle: clean\.steps\.mine: "):
        Bundle.load()
    assert not {"antigravity", "webbrowser", "pipeline.custom.sources"} & (
        set(sys.modules) - before
    )
    assert not Path("PWNED").exists()


def test_code_of_the_owner_must_be_that_of_the_bundle(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "pipeline/custom/cleaning.py"
    project.write(path, "def mine(frame):\n    return frame\n")
    edit(lambda data: data["clean"].update(mine={"_target_": "pipeline.custom.cleaning.mine"}))
    for code in ({}, {path: "0" * 64}):
        edit(lambda data, code=code: data.update(code=code))
        with pytest.raises(UserError, match=r"cleaning\.py is not the file with which the bundle"):
            Bundle.load()
    edit(lambda data: data.update(code={path: sha256(Path(path))}))
    assert Bundle.load()


def test_code_that_the_owners_code_imports_must_be_that_of_the_bundle_too(project: Project) -> None:
    project.write("pipeline/custom/units.py", "FACTOR = 2\n")
    project.write("pipeline/custom/cleaning.py", "from pipeline.custom.units import FACTOR\n")
    edit(lambda data: data["clean"].update(mine={"_target_": "pipeline.custom.cleaning.mine"}))
    recorded = own_files(["pipeline.custom.cleaning"])
    assert {"pipeline/custom/cleaning.py", "pipeline/custom/units.py"} <= set(recorded)
    edit(lambda data: data.update(code=recorded))
    assert Bundle.load()
    project.write("pipeline/custom/units.py", "FACTOR = 3\n")
    with pytest.raises(UserError, match=r"units\.py is not the file with which the bundle"):
        Bundle.load()


def test_another_module_than_the_steps_may_be_edited(project: Project) -> None:
    own = Bundle.load().id
    project.write("pipeline/custom/features.py", "# edited\n")
    assert Bundle.load().id == own


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(contract={}),
        lambda data: data.update(contract={"columns": []}),
        lambda data: data["contract"].update(
            columns={"x": {"checks": [{"options": {"check_name": "mro"}}]}}
        ),
        lambda data: data.update(clean=[]),
        lambda data: data.pop("types"),
    ],
)
def test_a_wrong_signature_is_one_sentence(change: Any, project: Project) -> None:
    edit(change)
    with pytest.raises(UserError, match=r"models/bundle"):
        Bundle.load()


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "[]",
        "{}",
        '{"../x": "' + "0" * 64 + '"}',
        '{"model.skops": 1}',
        "[" * 10_000,
        "x" * 200_000,
        '{"a":{}}',
    ],
)
def test_a_wrong_manifest_is_one_sentence(manifest: str, project: Project) -> None:
    (FOLDER / "sha256.json").write_text(manifest)
    with pytest.raises(UserError, match=r"no manifest of a bundle|is not what was packed"):
        Bundle.load()


def test_a_bundle_without_a_part_is_one_sentence(project: Project) -> None:
    (FOLDER / "model.skops").unlink()
    seal(FOLDER)
    with pytest.raises(UserError, match=r"is incomplete: its manifest does not list model\.skops"):
        Bundle.load()


def test_what_is_no_file_is_refused(project: Project) -> None:
    shutil.copytree(FOLDER, "copy")
    (FOLDER / "model.skops").unlink()
    (FOLDER / "model.skops").mkdir()
    with pytest.raises(UserError, match=r"model\.skops is not a file"):
        Bundle.load()


def test_another_bundle_than_the_expected_one_is_refused(project: Project) -> None:
    own = Sealed.read(FOLDER).id
    assert Bundle.load(FOLDER, expect=own).id == own
    edit(lambda data: data.update(threshold=0.1))
    other = Sealed.read(FOLDER).id
    with pytest.raises(UserError, match=f"models/bundle is bundle {other}, but bundle {own} is"):
        Bundle.load(FOLDER, expect=own)


@pytest.mark.parametrize("expect", ["0" * 12, "x" * 64, "latest"])
def test_only_a_whole_id_is_expected(expect: str, project: Project, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        promote.main(["--anyway", "--expect", expect])
    assert "64 hexadecimal digits" in capsys.readouterr().err


def test_commands_refuse_another_bundle(project: Project, tmp_path: Path) -> None:
    pd.read_csv(RAW, dtype=str).head(2).to_csv("rows.csv", index=False)
    own, other = Sealed.read(FOLDER).id, "0" * 64
    for command in (
        lambda expect: batch.main(["rows.csv", "--out", "out.csv", "--expect", expect]),
        lambda expect: promote.main(["--anyway", "--expect", expect]),
    ):
        with pytest.raises(SystemExit, match=f"but bundle {other} is expected"):
            command(other)
        command(own)


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    """Write two pairs of keys of Ed25519."""
    paths = {}
    for name in ("own", "other"):
        key = Ed25519PrivateKey.generate()
        paths |= {name: tmp_path / f"{name}.pem", f"{name}_public": tmp_path / f"{name}-public.pem"}
        paths[name].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        paths[f"{name}_public"].write_bytes(
            key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
    return paths


def test_a_signed_bundle_is_accepted_by_its_key_only(
    project: Project, keys: dict[str, Path], capsys: Any
) -> None:
    sign.main(["--bundle", str(FOLDER), "--key", str(keys["own"])])
    own = Sealed.read(FOLDER).id
    assert capsys.readouterr().out == f"models/bundle.sig is the signature of bundle {own}.\n"
    assert Bundle.load(FOLDER, signed_by=keys["own_public"]).id == own
    with pytest.raises(UserError, match=r"bundle\.sig is no signature of models/bundle by the key"):
        Bundle.load(FOLDER, signed_by=keys["other_public"])
    edit(lambda data: data.update(threshold=0.1))
    with pytest.raises(UserError, match="is no signature of"):
        Bundle.load(FOLDER, signed_by=keys["own_public"])


def test_openssl_verifies_the_signature_too(project: Project, keys: dict[str, Path]) -> None:
    sign.main(["--bundle", str(FOLDER), "--key", str(keys["own"])])
    command = "openssl pkeyutl -verify -rawin -pubin -in models/bundle/sha256.json -sigfile models/bundle.sig"
    done = subprocess.run(
        [*command.split(), "-inkey", keys["own_public"]], capture_output=True, text=True, check=True
    )
    assert "Signature Verified Successfully" in done.stdout


def test_a_bundle_without_signature_is_refused(project: Project, keys: dict[str, Path]) -> None:
    with pytest.raises(UserError, match=r"models/bundle\.sig is missing, so models/bundle is not"):
        Bundle.load(FOLDER, signed_by=keys["own_public"])


@pytest.mark.parametrize("content", [b"", b"x" * 64, b"x" * 10**6])
def test_a_file_that_is_no_signature_is_refused(
    content: bytes, project: Project, keys: dict[str, Path]
) -> None:
    Path("models/bundle.sig").write_bytes(content)
    with pytest.raises(UserError, match="is no signature of"):
        Bundle.load(FOLDER, signed_by=keys["own_public"])


def test_promoted_with_its_signature(project: Project, keys: dict[str, Path]) -> None:
    sign.main(["--bundle", str(FOLDER), "--key", str(keys["own"])])
    promote.main(["--anyway", "--signed-by", str(keys["own_public"])])
    assert Bundle.load(Path("models/champion/bundle"), signed_by=keys["own_public"])


def test_what_is_no_key_of_ed25519_is_one_sentence(
    project: Project, keys: dict[str, Path], tmp_path: Path
) -> None:
    sign.main(["--bundle", str(FOLDER), "--key", str(keys["own"])])
    exchange = tmp_path / "exchange.pem"
    exchange.write_bytes(
        X25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    for wrong in (RAW, exchange, keys["own_public"]):
        with pytest.raises(
            SystemExit, match=r"is no private key of Ed25519; `python -m pedigree sign --help`"
        ):
            sign.main(["--bundle", str(FOLDER), "--key", str(wrong)])
    for wrong in (RAW, exchange, keys["own"]):
        with pytest.raises(
            UserError, match=r"is no public key of Ed25519; `python -m pedigree sign --help`"
        ):
            Bundle.load(FOLDER, signed_by=wrong)
    with pytest.raises(SystemExit, match=r"none\.pem cannot be read: No such file"):
        sign.main(["--bundle", str(FOLDER), "--key", "none.pem"])


@pytest.mark.slow
def test_no_crafted_bundle_does_more_than_an_honest_one(project: Project) -> None:
    done = subprocess.run(
        [
            sys.executable,
            TEMPLATE / "benchmarks/fuzz_bundle.py",
            "--project",
            project.folder,
            "--cases",
            "400",
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
