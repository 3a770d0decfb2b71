"""BigQuery: a query with a limit of cost, its rows streamed to Parquet parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyarrow as pa

from pedigree.base.extras import way_to_add
from pedigree.base.names import UserError
from pedigree.base.stage import say
from pedigree.collecting.parts import ROWS_PER_PART, write_parts
from pedigree.collecting.sql import VALUES_PER_PART
from pedigree.collecting.sql.values import as_text

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.cloud.bigquery import Client, QueryJob
    from google.cloud.bigquery.table import RowIterator

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PAGE = 20_000  # rows that are asked for at a time; BigQuery sends fewer if they are large


def collect(
    folder: Path,
    query: str | None,
    parameters: Mapping[str, Any] | None = None,
    project: str | None = None,
    location: str | None = None,
    max_bytes: int | None = None,
    timeout: float = 600,
    endpoint: str | None = None,
) -> dict[str, Any]:
    """Collect the rows of a query as Parquet parts.

    Rows come through the Storage API where its package is installed and the account may use it,
    else page by page through the REST API. Types are kept; what is nested or repeated becomes JSON
    text, bytes become hexadecimal text.

    Parameters
    ----------
    folder : Path
        Where the snapshot goes.
    query : str
        One SELECT in GoogleSQL, with an ORDER BY that leaves no tie.
    parameters : mapping, optional
        Values of `@name` in the query; a list is an array.
    project, location : str, optional
        What the query is billed to, and where it runs.
    max_bytes : int, optional
        The query is refused if it would read more.
    timeout : float
        Seconds that the query may take.
    endpoint : str, optional
        Another address of the API. On this machine it is asked without credentials.

    Returns
    -------
    dict
        What was asked, and of which project.

    Raises
    ------
    UserError
        The settings, the credentials, the limit or BigQuery do not allow it.
    """
    if not query:
        raise UserError("collect.query: say in one SELECT which rows to collect.")
    try:
        import google.cloud.bigquery  # noqa: F401
    except ImportError:
        raise UserError(
            f"collect=bigquery needs the packages of the extra 'bigquery'; {way_to_add('bigquery')}."
        ) from None
    given = dict(parameters or {})
    with _explained(timeout):
        client, storage = _clients(project, location, endpoint)
        job = _begin(client, query, given, max_bytes, timeout)
        _write(partial(_rows, job, timeout), storage, folder)
    return {
        "kind": "bigquery",
        "project": project,
        "location": location,
        "query": query,
        "parameters": given,
    }


collect.needs = ("google.cloud.bigquery",)  # type: ignore[attr-defined]


def _clients(project: str | None, location: str | None, endpoint: str | None) -> tuple[Client, Any]:
    """Return a client of the API, and one of the Storage API where that can be used."""
    import google.auth
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    address = urlsplit(endpoint or "https://bigquery.googleapis.com")
    credentials: Credentials
    if address.hostname in LOOPBACK:
        credentials, own = AnonymousCredentials(), None
    elif address.scheme == "https":
        credentials, own = google.auth.default(scopes=[SCOPE])
    else:
        raise UserError(
            f"collect.endpoint: {endpoint} does not begin with https://; credentials would travel in clear."
        )
    if not (project or own):
        raise UserError("collect.project: say which Google Cloud project is billed.")
    options = {"api_endpoint": endpoint} if endpoint else None
    client = bigquery.Client(project or own, credentials, location=location, client_options=options)
    return client, _storage(credentials, endpoint)


def _storage(credentials: Credentials, endpoint: str | None) -> Any:
    if endpoint:  # it speaks REST
        return None
    try:
        from google.cloud.bigquery_storage import BigQueryReadClient
    except ImportError:  # slower, and otherwise the same
        return None
    return BigQueryReadClient(credentials=credentials)


def _begin(
    client: Client, query: str, given: Mapping[str, Any], max_bytes: int | None, timeout: float
) -> QueryJob:
    """Try what a query would cost; begin it if that is allowed."""
    from google.cloud.bigquery import DEFAULT_RETRY, QueryJobConfig

    # What is throttled is tried again until the time is over. A `job_retry` of `query` would begin anew then.
    retry = DEFAULT_RETRY.with_timeout(timeout)
    parameters = [_parameter(name, value) for name, value in given.items()]
    trial = client.query(
        query,
        QueryJobConfig(dry_run=True, use_query_cache=False, query_parameters=parameters),
        retry=retry,
        job_retry=None,
    )
    _refuse(trial.statement_type, trial.total_bytes_processed or 0, max_bytes)
    real = QueryJobConfig(query_parameters=parameters, job_timeout_ms=int(1000 * timeout))
    real.maximum_bytes_billed = max_bytes
    return client.query(query, real, retry=retry, job_retry=None)


def _rows(job: QueryJob, timeout: float) -> RowIterator:
    """Wait for the end of a query; return its rows, from the first one."""
    from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

    try:
        return job.result(
            page_size=PAGE,
            retry=DEFAULT_RETRY.with_timeout(timeout),
            job_retry=DEFAULT_JOB_RETRY.with_timeout(timeout),
            timeout=timeout,
        )
    except TooLate:
        job.cancel(retry=None)
        raise


def _parameter(name: str, value: Any) -> Any:
    """Give a parameter BigQuery's type; it takes a text for a date where it compares it with one."""
    from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter

    types = {bool: "BOOL", int: "INT64", float: "FLOAT64"}
    if isinstance(value, list):
        kinds = {type(one) for one in value}
        kind = types.get(kinds.pop(), "STRING") if len(kinds) == 1 else "STRING"
        values = [str(one) for one in value] if kind == "STRING" else value
        return ArrayQueryParameter(name, kind, values)
    return ScalarQueryParameter(name, types.get(type(value), "STRING"), value)


def _refuse(statement: str | None, size: int, limit: int | None) -> None:
    """Refuse a query that does more than read, or reads more than it may."""
    if statement not in (None, "SELECT"):
        raise UserError(f"collect.query must be one SELECT; to BigQuery it is a {statement}.")
    if limit is not None and size > limit:
        raise UserError(
            f"collect.query would read {size} bytes ({size / 1e9:.3g} GB), and collect.max_bytes allows {limit}; "
            "read fewer columns or partitions (LIMIT does not help), or raise the limit."
        )
    say(f"the query reads {size} bytes")


@contextmanager
def _explained(timeout: float) -> Iterator[None]:
    """Turn what Google's libraries raise into a sentence."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from requests.exceptions import RequestException

    try:
        yield
    except DefaultCredentialsError:
        raise UserError(
            "there are no credentials for BigQuery; run `gcloud auth application-default login`, or let "
            "GOOGLE_APPLICATION_CREDENTIALS name the file of a key."
        ) from None
    except TooLate:
        raise UserError(
            f"the query took longer than collect.timeout allows, {timeout} seconds, and was cancelled."
        ) from None
    except (GoogleAPIError, GoogleAuthError, RequestException) as error:
        raise UserError(f"BigQuery says: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    """Return the reason alone: no address, no id of a job."""
    error = getattr(error, "cause", None) or error  # of an error that was retried until the end
    details = getattr(error, "errors", None) or [{}]
    said = details[0].get("message") if isinstance(details[0], dict) else None
    return str(said or getattr(error, "message", None) or error).splitlines()[0].rstrip(".") + "."


def _write(fetch: Callable[[], RowIterator], storage: Any, folder: Path) -> None:
    """Write what BigQuery sends as Parquet parts."""
    from tqdm import tqdm

    rows = fetch()

    def tables() -> Iterator[pa.Table]:
        with tqdm(
            desc="bigquery", unit=" rows", total=rows.total_rows, disable=None, leave=False
        ) as progress:
            for batch in _batches(rows, fetch, storage):
                yield pa.table([_plain(one) for one in batch.columns], batch.schema.names)
                progress.update(batch.num_rows)

    write_parts(tables(), folder, min(ROWS_PER_PART, VALUES_PER_PART // len(rows.schema)))


def _batches(
    rows: RowIterator, fetch: Callable[[], RowIterator], storage: Any
) -> Iterator[pa.RecordBatch]:
    """Read rows through the Storage API, or the REST API where the account may not use that."""
    from google.api_core.exceptions import Forbidden

    batches = iter(rows.to_arrow_iterable(bqstorage_client=storage))
    try:
        first = next(batches, None)
    except Forbidden:
        if storage is None:
            raise
        return iter(fetch().to_arrow_iterable())
    return batches if first is None else chain([first], batches)


def _plain(values: pa.Array) -> pa.Array:
    """Write nested values as JSON, and bytes as hexadecimal digits."""
    if not (pa.types.is_nested(values.type) or pa.types.is_binary(values.type)):
        return values
    texts = (None if value is None else as_text(value) for value in values.to_pylist())
    return pa.array(texts, pa.string())
