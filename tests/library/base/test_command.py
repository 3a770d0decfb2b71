from importlib import import_module

import pytest

from pedigree.base.command import integer, parser


@pytest.mark.parametrize(
    ("module", "arguments", "said"),
    [
        ("serving.server", ["--port", "99999999"], "--port: must be an integer, from 0 to 65535 (it is '99999999')"),
        ("serving.server", ["--port", "-1"], "--port: must be an integer, from 0 to 65535 (it is '-1')"),
        ("serving.server", ["--port", "http"], "--port: must be an integer, from 0 to 65535 (it is 'http')"),
        ("serving.batch", ["rows.csv", "--out", "out.csv", "--max-rejected", "-1"], "--max-rejected: must be an integer, 0 or more (it is '-1')"),
    ],
)  # fmt: skip
def test_a_number_that_an_option_does_not_allow_is_refused(
    module: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        import_module(f"pedigree.{module}").main(arguments)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_the_limits_of_a_number_are_allowed() -> None:
    cli = parser("serve", "Try it.")
    cli.add_argument("--port", type=integer(0, 65535))
    assert [cli.parse_args(["--port", text]).port for text in ("0", "65535")] == [0, 65535]
