import difflib
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest
from hypothesis import strategies as st
from library.projects import ROOT, Project
from library.serving.requests import bird, body

from pedigree.base.tables import read_json, write_json
from pedigree.prediction.bundle import Bundle
from pedigree.prediction.predictor import Predictor
from pedigree.prediction.sealed import seal
from pedigree.scoring.decision import PredictedRows
from pedigree.serving.core import Service
from pedigree.serving.decoding import RowDecoder
from pedigree.serving.refusals import MAX_BYTES, MAX_DETAIL, Body, Refusal, check_media, check_token

SECRET = "N1A1-is-confidential-" * 10


def refused(service: Service, *chunks: bytes) -> Refusal:
    with pytest.raises(Refusal) as found:
        service.predict(chunks)
    assert len(found.value.detail) <= MAX_DETAIL + 1
    return found.value


@pytest.fixture(scope="module")
def service(finished) -> Service:
    """Return a service that no test changes."""
    return Service.load(finished("binary").folder / "models/bundle")


def test_the_core_takes_no_web_framework() -> None:
    code = (
        "import sys, pedigree.serving.core, pedigree.serving.openapi, pedigree.serving.batch\n"
        "print({'fastapi', 'starlette', 'uvicorn', 'anyio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


# --- the body ---------------------------------------------------------------------------------------


def test_a_body_is_counted_as_it_arrives_and_not_read_on(service: Service) -> None:
    read = itertools.count()

    def endless() -> Iterator[bytes]:
        while True:
            next(read)
            yield b" " * 1_000_000

    with pytest.raises(Refusal, match="at most 5,000,000 bytes") as found:
        service.predict(endless())
    assert found.value.status == 413
    assert next(read) == MAX_BYTES // 1_000_000 + 1


def test_a_body_may_arrive_in_any_pieces(project: Project, service: Service) -> None:
    whole = body(bird())
    pieces = [whole[n : n + 1] for n in range(len(whole))]
    assert service.predict(pieces) == service.predict([whole])
    assert bytes(Body(pieces)) == whole


SHAPES = [
    b"",
    b" ",
    b"null",
    b"[]",
    b"1",
    b'"rows"',
    b"{}",
    b'{"rows": null}',
    b'{"rows": []}',
    b'{"rows": {}}',
    b'{"rows": "x"}',
    b'{"rows": [1]}',
    b'{"rows": [null]}',
    b'{"rows": [[]]}',
    b'{"rows": [{}]}',
    b'{"row": [{}]}',
    b'{"rows": [{}], "more": 1}',
    b'{"rows": [{}]',
    b'{"rows": [{}]} x',
    b"{'rows': [{}]}",
    b'{"rows": [{"island": "Dream",}]}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"rows": ' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"rows": [{"body_mass_g": NaN}]}',
    b'{"rows": [{"body_mass_g": Infinity}]}',
    b'{"rows": [{"body_mass_g": -Infinity}]}',
    b'{"rows": [{}], "rows": [{}]}',
    b'{"rows": [{"island": "Dream", "island": "Biscoe"}]}',
    b'\xef\xbb\xbf{"rows": [{}]}',
    '{"rows": [{}]}'.encode("utf-16"),
    '{"rows": [{}]}'.encode("utf-32"),
    '{"rows": [{"island": "Größe"}]}'.encode("latin-1"),
    b'{"rows": [{"island": "\xed\xa0\x80"}]}',
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xabV*\xca/V\xb2\x8a\xae\xad\x8d\xad\x05\x00",
    b"\x00" * 1000,
    b'{"rows": [{"island": "a\x00b"}]}',
    b'{"rows": [{"isl\\ud800and": 1}]}',
    b'{"\\ud800": 1}',
    b'{"rows": [{"\\ud800": 1, "\\ud800": 1}]}',
    b'{"rows": [{"' + b"x" * 4_800_000 + b'": 1}]}',
    b'{"rows": [{"' + b"x" * 90 + b'": 1}]}',
    b'{"rows": [{"": 1}]}',
    b'{"rows": [{"body_mass_g": ' + b"9" * 5000 + b"}]}",
]


@pytest.mark.parametrize("sent", SHAPES, ids=lambda one: repr(one[:30]))
def test_a_body_of_another_form_is_refused(service: Service, sent: bytes) -> None:
    refusal = refused(service, sent)
    assert refusal.status in (400, 422)
    json.dumps(refusal.detail).encode()
    refusal.detail.encode()  # without what UTF-8 cannot encode


VALUES: list[tuple[str, Any, str]] = [
    *(("body_mass_g", one, "should be a number, but is") for one in (True, False, "heavy", "3750", [1], {"a": 1})),
    ("body_mass_g", 10**400, "an integer has more than 309 digits"),
    ("body_mass_g", 10**300, "should be a number, but is 1000"),
    ("body_mass_g", -1e39, "should be a number, but is -1e+39"),
    ("body_mass_g", -5, "should be greater than 0, but is -5"),
    *(("flipper_length_mm", one, "should be an integer") for one in (1.5, True, 2**53, -1e30, "196")),
    *(("island", one, "island should be a string") for one in (1, 1.5, True, [], {})),
    ("island", "Atlantis", "island should be one of 'Biscoe', 'Dream', 'Torgersen', but is 'Atlantis'"),
    ("island", "\ud800", "should be Unicode without lone surrogates"),
    ("island", "x" * 10_001, "should have at most 10,000 characters"),
    ("species", None, "species should not be missing"),
    ("species", " NA ", "species should not be missing"),
    *(
        ("date_egg", one, "should be a date")
        for one in ("soon", "now", "today", "2007", "2007-02-30", "2007-13-01", "1500-01-01", 20071111, True, "2007-11-11T25:00")
    ),
    ("iland", 1, "unknown column 'iland'; did you mean 'island'?"),
    ("Culmen Depth (mm)", 3, "column 'culmen_depth_mm' is given twice"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "said"), VALUES)
def test_a_wrong_value_is_refused_with_the_reason(
    project: Project, service: Service, name: str, value: Any, said: str
) -> None:
    refusal = refused(service, body(bird(), bird(**{name: value})))
    assert refusal.status == 422
    assert said in refusal.detail
    if "should" in said and "digits" not in said:
        assert "row 1: " in refusal.detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date_egg", "2008-02-29"),
        ("date_egg", "2007-11-11T10:20:30.5+01:00"),
        ("flipper_length_mm", 196.0),
        ("comments", "a\x00b \U0001f427 ￿"),
        ("comments", "NA"),
        *(("body_mass_g", one) for one in (None, "", "NA", 1e38, 1e-300, 10**30)),
    ],
)
def test_other_values_are_taken(project: Project, service: Service, name: str, value: Any) -> None:
    (answer,) = service.predict([body(bird(**{name: value}))]).predictions
    assert answer["label"] in ("female", "male")


def test_a_row_without_needed_columns_is_refused(project: Project, service: Service) -> None:
    row = bird()
    del row["culmen_depth_mm"]
    said = "the required column 'culmen_depth_mm' is missing"
    assert refused(service, body(bird(), row)).detail == f"row 1: {said}"
    del row["island"]
    said = "required columns 'island', 'culmen_depth_mm' are missing"
    assert refused(service, body(row)).detail == f"row 0: {said}"


def test_what_is_refused_makes_no_table(service: Service, monkeypatch) -> None:
    monkeypatch.setattr(Bundle, "check", lambda *_: pytest.fail("a table was made"))
    monkeypatch.setattr(difflib, "get_close_matches", lambda *_: pytest.fail("difflib was asked"))
    wide = [{f"{'x' * 101}{row}_{n}": 1 for n in range(30)} for row in range(1000)]
    assert refused(service, body(*wide)).status == 422
    assert refused(service, body(*[{}] * 1001)).detail == '"rows" must be a list of 1 to 1,000 rows'
    assert refused(service, body({"x" * 4_800_000: 1})).status == 422


@pytest.mark.parametrize(
    "row",
    [
        {SECRET: 1},
        {"island": SECRET},
        {"comments": SECRET * 100},
        {"body_mass_g": SECRET},
        {"date_egg": SECRET},
        {"individual_id": SECRET},
        {"island": {SECRET: SECRET}},
        {"a\x1b[2J\r\n": 1},
    ],
)
def test_a_refusal_quotes_little_of_what_was_sent(
    project: Project, service: Service, row: dict[str, Any]
) -> None:
    detail = refused(service, body(*[bird(**row)] * 20)).detail
    assert SECRET[:50] not in detail
    assert detail.isprintable()


def test_at_most_ten_violations_are_listed(project: Project, service: Service) -> None:
    detail = refused(service, body(*[bird(body_mass_g=-5)] * 20)).detail
    assert detail.count("should be greater than 0, but is -5") == 10


def test_the_answer_of_a_row_does_not_depend_on_the_other_rows(
    project: Project, service: Service
) -> None:
    # Neither column is needed; a contract may still forbid missing values of it, where it is sent.
    contract = service.bundle.signature.contract
    columns = contract["columns"] | {"region": {"dtype": "str", "nullable": False}}
    signature = service.bundle.signature.updated(contract=contract | {"columns": columns})
    strict = Service(replace(service.bundle, signature=signature))
    rows = [
        bird(),
        bird(region="Anvers", sample_number=3),
        bird(body_mass_g=3000),
        bird(sample_number=None),
    ]
    alone = [strict.predict([body(row)]).predictions[0] for row in rows]
    assert strict.predict([body(*rows)]).predictions == alone
    assert (
        "row 2: region should not be missing"
        in refused(strict, body(*rows[:2], bird(region=None), *rows)).detail
    )


# Names and values that a client may send, wrong ones among them.
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=20),
    st.sampled_from(["", "NA", "Dream", "2007-11-11", "MALE", 196, 3750.5]),
)  # fmt: skip
JSON = st.recursive(LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(), one, max_size=3))  # fmt: skip


@hypothesis.settings(max_examples=100)
@hypothesis.given(data=st.data())
def test_any_values_are_answered_or_refused(service: Service, data: st.DataObject) -> None:
    example = service.bundle.signature.example
    assert example is not None
    names = st.sampled_from([*service.bundle.signature.types, "Island", "other"])
    changes = data.draw(st.lists(st.dictionaries(names, JSON, max_size=4), min_size=1, max_size=3))
    sent = json.dumps({"rows": [example.row | one for one in changes]}).encode()
    try:
        assert len(service.predict([sent]).predictions) == len(changes)
    except Refusal as refusal:
        assert refusal.status in (400, 422)
        refusal.detail.encode()


@hypothesis.settings(max_examples=100)
@hypothesis.given(at=st.integers(0, 10**6), new=st.binary(max_size=3), length=st.integers(0, 5))
def test_any_bytes_are_answered_or_refused(
    service: Service, at: int, new: bytes, length: int
) -> None:
    example = service.bundle.signature.example
    assert example is not None
    whole = body(example.row)
    place = at % len(whole)
    try:
        service.predict([whole[:place] + new + whole[place + length :]])
    except Refusal as refusal:
        assert refusal.status in (400, 422)
        refusal.detail.encode()


# --- headers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "media", ["application/json", "Application/JSON; charset=utf-8", 'application/json;charset="UTF-8"']
)  # fmt: skip
def test_json_is_taken(media: str) -> None:
    check_media(media, None)
    check_media(media, "identity")


@pytest.mark.parametrize(
    ("media", "encoding"),
    [
        (None, None),
        ("text/plain", None),
        ("application/jsonp", None),
        ("application/json; charset=utf-16", None),
        ("application/x-www-form-urlencoded", None),
        ("application/json", "gzip"),
        ("application/json", "gzip, identity"),
    ],
)
def test_another_form_is_no_json(media: str | None, encoding: str | None) -> None:
    with pytest.raises(Refusal) as found:
        check_media(media, encoding)
    assert found.value.status == 415


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", "Bearer other", "Basic token", "token", "Bearer tokentoken", "Bearer tökén", "Bearer \ud800"],
)  # fmt: skip
def test_another_token_is_refused(given: str | None) -> None:
    with pytest.raises(Refusal) as found:
        check_token(given, "token")
    assert found.value.status == 401
    check_token(given, None)
    check_token("bearer token", "token")


# --- health and faults ------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_bundle_answers_its_own_example(finished, task: str) -> None:
    service = Service.load(finished(task).folder / "models/bundle")
    example = service.bundle.signature.example
    assert example is not None
    assert list(example.row) == service.bundle.needed
    service.self_test()


def test_an_example_is_the_row_of_nobody(project: Project) -> None:
    example = Bundle.load().signature.example
    assert example is not None
    loaded = pd.read_parquet("data/loaded").astype({"date_egg": "str"})
    same = pd.Series(True, index=loaded.index)
    for name, value in example.row.items():
        same &= loaded[name] == value
    assert not same.any()


def test_a_model_that_answers_otherwise_fails_its_self_test(project: Project) -> None:
    file = Path("models/bundle/signature.json")
    signature = read_json(file)
    signature["example"]["prediction"]["probability:male"] += 0.01
    write_json(signature, file)
    seal(Path("models/bundle"))
    with pytest.raises(Refusal, match="the bundle's example has another prediction") as found:
        Service.load().self_test()
    assert found.value.status == 503
    write_json(signature | {"example": None}, file)  # as in a bundle of an earlier version
    seal(Path("models/bundle"))
    Service.load().self_test()


class Choosy(Predictor):
    """Fails as libraries do, for rows with a large value."""

    limit = 1e6

    def predict(self, rows: pd.DataFrame) -> PredictedRows:
        if (rows["culmen_length_mm"] > self.limit).any():
            raise ValueError(f"Input contains {rows['culmen_length_mm'].max()}")
        return super().predict(rows)


def choosy(service: Service) -> Service:
    parts = {name: getattr(service.bundle.predictor, name) for name in Choosy.__dataclass_fields__}
    return Service(replace(service.bundle, predictor=Choosy(**parts)))


def test_rows_on_which_the_model_fails_are_refused(
    project: Project, service: Service, capsys
) -> None:
    other = choosy(service)
    refusal = refused(other, body(bird(culmen_length_mm=7654321)))
    assert (refusal.status, refusal.detail) == (
        422,
        "the model cannot predict these rows (ValueError)",
    )
    printed = capsys.readouterr().err
    assert printed.startswith("serve: ValueError at test_core.py:")
    assert "7654321" not in printed


def test_a_model_that_does_not_work_at_all_is_the_servers_fault(
    project: Project, service: Service, monkeypatch
) -> None:
    monkeypatch.setattr(Choosy, "limit", 0)
    assert refused(choosy(service), body(bird())).status == 503


def test_names_are_those_of_the_columns_or_of_the_source(service: Service) -> None:
    names = RowDecoder.of(service.bundle).names
    assert names["Culmen Depth (mm)"] == names["culmen_depth_mm"] == "culmen_depth_mm"
    assert "culmen depth mm" not in names
