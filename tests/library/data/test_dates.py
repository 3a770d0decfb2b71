from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.base.names import UserError
from pedigree.data.contract_file import read_contract
from pedigree.data.dates import date_of, to_dates, wrong_dates
from pedigree.data.engine import infer, parse
from pedigree.features.engineering.dates import Durations

# Words of the clock, times without a date, and numbers, of which other parsers make a date of the run.
RELATIVE = ["now", "today", "Now", "TODAY", " now", "tomorrow", "noon", "monday", "NaT", "12:30", "5pm", "10", "T10:00"]  # fmt: skip
FORMATS = ["ISO8601", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S", "%d %B %Y"]
PARTS = st.sampled_from([*RELATIVE, "2020-01-31", "31/01/2020", "20200131", "2020", "-", " ", "Z", "+01:00", ".5"])  # fmt: skip
STRINGS = st.text(max_size=12) | st.lists(PARTS, max_size=3).map("".join)


@pytest.mark.parametrize("form", FORMATS)
def test_what_depends_on_the_clock_is_no_date(form: str) -> None:
    assert to_dates(pd.Series(RELATIVE), form).isna().all()
    assert to_dates(pd.Series(RELATIVE, dtype="object"), form).isna().all()


@given(st.lists(STRINGS, min_size=1, max_size=5), st.sampled_from(FORMATS))
def test_dates_are_never_of_the_time_of_the_run(strings: list[str], form: str) -> None:
    """Whatever pandas would make of the clock has the day or the year of the run; no string here has."""
    dates = to_dates(pd.Series(strings, dtype="str"), form).dropna()
    assert not dates.dt.strftime("%Y-%m").eq(f"{datetime.now():%Y-%m}").any()
    again = to_dates(pd.Series(strings, dtype="str"), form).dropna()
    assert again.equals(dates)


@given(st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)))
def test_each_date_is_read_as_it_was_written(moment: datetime) -> None:
    assert date_of(moment.isoformat()) == pd.Timestamp(moment)


def test_a_column_with_now_is_of_strings() -> None:
    assert infer(pd.Series(["2020-01-01", "now"])) == "str"
    assert parse(pd.Series(["2020-01-01", "today"]), "datetime64[ns]").isna().tolist() == [False, True]  # fmt: skip


@pytest.mark.parametrize(
    "rule",
    [
        "ge: today",
        "in_range: {min_value: now, max_value: '2020-01-01'}",
        "isin: ['10']",
        "lt: 2020-01-31",
    ],
)
def test_a_contract_compares_dates_with_dates_only(tmp_path, rule: str) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(f"columns:\n  day: {{dtype: 'datetime64[ns]', {rule}}}\n")
    with pytest.raises(UserError, match="like '2020-01-31'"):
        read_contract(path)
    path.write_text("columns:\n  day: {dtype: 'datetime64[ns]', ge: '2020-01-01', le: '2021-01-01'}\n")  # fmt: skip
    assert not list(wrong_dates(read_contract(path)))


@pytest.mark.parametrize("since", ["now", "today", "10", "monday"])
def test_a_duration_is_not_counted_from_the_clock(since: str) -> None:
    assert "is not a date" in next(iter(Durations(since=since).mistakes()))
