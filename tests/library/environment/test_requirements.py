import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from library.projects import ROOT

from pedigree.base.extras import way_to_add
from pedigree.base.names import UserError
from pedigree.environment.requirements import (
    disagreements,
    main,
    merged,
    pinned_versions,
    resolve,
    write_requirements,
)

PYPROJECT = """\
[project]
name = "p"
version = "1"
requires-python = ">=3.11,<3.14"
dependencies = ["alpha>=0.9"]

[project.optional-dependencies]
more = ["gamma>=1"]
torch = ["torch>=2"]
legacy = ["alpha<1"]

[tool.uv]
no-index = true
find-links = ["../wheels"]
environments = ["python_version < '3.14' and sys_platform == 'linux'", "python_version < '3.14' and sys_platform == 'win32'"]
"""
PACKAGES = {
    "alpha": ("0.9", "1.0", "1.1"),
    "beta": ("2.0",),
    "gamma": ("1.0",),
    "torch": ("2.0",),
    "nvidia-cublas": ("13",),
}
NEEDS = {
    "alpha": ("beta; sys_platform == 'win32'",),
    "gamma": ("alpha",),
    "torch": ("nvidia-cublas; sys_platform == 'linux'",),
}


def wheel(folder: Path, name: str, version: str) -> Path:
    """Write a package with one module, which contains its version."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in NEEDS.get(name, ()))
    texts = {
        f"{module}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    texts[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*texts, f"{info}/RECORD"])
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for place, text in texts.items():
            archive.writestr(place, text)
    return path


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of packages that takes the place of the index, beside a project that requires some of them."""
    folder, project = tmp_path / "wheels", tmp_path / "p"
    for one in (folder, project):
        one.mkdir()
    for name, numbers in PACKAGES.items():
        for number in numbers:
            wheel(folder, name, number)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.chdir(project)
    Path("pyproject.toml").write_text(PYPROJECT)
    Path("constraints.txt").write_text("# Why.\nalpha==1.0\nother==3\n")
    Path("constraints-legacy.txt").write_text("# Why not.\n")
    return folder


def test_the_packages_of_the_template_agree_with_its_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert list(disagreements()) == []
    assert main(["--check"]) == 0


def test_no_file_names_an_index_or_a_place_on_a_machine() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if not line.startswith("#") and "/" in line], file


def test_every_package_has_a_hash() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text(encoding="utf-8").replace("\\\n", "")
        pins = [line for line in text.splitlines() if not line.startswith(("#", "-r core.txt"))]
        assert [line for line in pins if "--hash=sha256:" not in line] == [], file


def test_versions_stay_and_each_extra_adds_its_own(wheels: Path) -> None:
    write_requirements()
    assert Path("constraints.txt").read_text() == (
        "# Why.\nalpha==1.0\n"
        "beta==2.0 ; python_full_version < '3.14' and sys_platform == 'win32'\n"
        "gamma==1.0\nother==3\ntorch==2.0\n"
    )
    assert pinned_versions(Path("requirements/core.txt")) == {"alpha": {"1.0"}, "beta": {"2.0"}}
    assert pinned_versions(Path("requirements/more.txt")) == {"gamma": {"1.0"}}
    assert "-r core.txt\n" in Path("requirements/more.txt").read_text()
    assert pinned_versions(Path("requirements/legacy.txt")) == {"alpha": {"0.9"}, "beta": {"2.0"}}
    assert list(disagreements()) == []


def test_pytorch_is_pinned_without_a_hash(wheels: Path) -> None:
    """Its builds differ by processor, and CUDA comes with one of them only."""
    write_requirements()
    assert pinned_versions(Path("requirements/torch.txt")) == {}
    assert pinned_versions(Path("constraints.txt"))["torch"] == {"2.0"}
    assert "nvidia" not in Path("constraints.txt").read_text()
    assert way_to_add("torch").endswith("or `pip install -c constraints.txt torch`")


def test_a_version_moves_when_its_line_is_deleted(wheels: Path) -> None:
    write_requirements()
    before = Path("requirements/core.txt").read_text()
    write_requirements()
    assert Path("requirements/core.txt").read_text() == before
    Path("constraints.txt").write_text("# Why.\n")
    write_requirements()
    assert pinned_versions(Path("requirements/core.txt"))["alpha"] == {"1.1"}


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_only_the_files_with_these_hashes_are_installed(
    wheels: Path, tmp_path: Path, tool: str
) -> None:
    write_requirements()
    target = tmp_path / "installed"
    files = ["-r", "requirements/core.txt", "-r", "requirements/more.txt"]
    find = ["--no-index", "--find-links", str(wheels), "--target", str(target)]
    python = [sys.executable, "-m", "pip"]
    command = ["uv", "pip"] if tool == "uv" else python
    install = [*command, "install", "--quiet", "--require-hashes", *files, *find]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (target / "alpha.py").read_text() == "version = '1.0'\n"
    assert (target / "gamma.py").exists()
    shutil.rmtree(target)
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    with ZipFile(wheels / "alpha-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("alpha_more.py", "# Not what was tested.\n")
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "hash" in done.stderr.lower()
    assert not target.exists() or not list(target.glob("alpha*"))


def test_what_is_edited_on_one_side_only_is_reported(
    wheels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_requirements()
    pins = Path("constraints.txt")
    pins.write_text(pins.read_text().replace("alpha==1.0", "alpha==1.1"))
    text = PYPROJECT.replace('["alpha>=0.9"]', '["alpha>=0.9", "delta>=4"]')
    Path("pyproject.toml").write_text(text.replace('more = ["gamma>=1"]', 'new = ["beta>=3"]'))
    capsys.readouterr()
    assert main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "requirements/core.txt: constraints.txt has another version of alpha than 1.0.",
        "pyproject.toml: requirements/core.txt does not contain delta>=4.",
        "pyproject.toml: requirements/new.txt does not contain beta>=3.",
        "requirements/more.txt: pyproject.toml has no extra more; delete the file.",
        "Run `python -m pedigree requirements`, which writes them anew.",
    ]


def test_what_cannot_be_resolved_is_reported_and_every_file_stays(wheels: Path) -> None:
    write_requirements()
    before = {path: path.read_text() for path in Path().rglob("*.txt")}
    Path("constraints.txt").write_text("# Why.\n")
    before[Path("constraints.txt")] = "# Why.\n"
    Path("pyproject.toml").write_text(PYPROJECT.replace("alpha<1", "alpha<0.5"))
    with pytest.raises(UserError, match="uv finds no solution"):
        write_requirements()  # of the extra that is resolved last
    assert {path: path.read_text() for path in Path().rglob("*.txt")} == before


def test_without_uv_the_way_to_it_is_named(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match="run `pip install uv`"):
        resolve("", [])


def test_equal_versions_keep_their_line() -> None:
    text = "# Why.\na==1 ; python_version < '4'\nb==2\nz==9\n"
    found = [
        "a==1 \\\n    --hash=sha256:0",
        "b==3 ; sys_platform == 'win32' \\\n    --hash=sha256:1",
    ]
    assert merged(text, found) == (
        "# Why.\na==1 ; python_version < '4'\nb==3 ; sys_platform == 'win32'\nz==9\n"
    )
