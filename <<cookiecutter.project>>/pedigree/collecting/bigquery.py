"""Source: a BigQuery query with a cost limit, streamed to Parquet files."""

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
from pedigree.base.secrets.redaction import redact
from pedigree.base.secrets.transport import is_loopback
from pedigree.base.stage import say
from pedigree.collecting.parts import ROWS_PER_PART, write_parts
from pedigree.collecting.sql import VALUES_PER_PART
from pedigree.collecting.sql.values import driver_value_to_string

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.cloud.bigquery import Client, QueryJob
    from google.cloud.bigquery.table import RowIterator

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
PAGE = 20_000  # rows per request; BigQuery sends fewer if they are large


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
    """Collect the rows of a query as Parquet files.

    Rows are read through the Storage API if its package is installed and the account may use it,
    else page by page through the REST API. Types are kept; nested and repeated values become JSON
    strings, bytes become hexadecimal strings.

    Parameters
    ----------
    folder : Path
        Folder of the snapshot.
    query : str
        One SELECT in GoogleSQL, with an ORDER BY without ties.
    parameters : mapping, optional
        Values of `@name` in the query; a list is an array.
    project, location : str, optional
        Project that is billed, and location of the query.
    max_bytes : int, optional
        Maximum number of bytes that the query may read.
    timeout : float
        Seconds that the query may take.
    endpoint : str, optional
        Another address of the API; requests to this machine are sent without credentials.

    Returns
    -------
    dict
        The query and its project.

    Raises
    ------
    UserError
        The settings or credentials are invalid, the limit is exceeded, or BigQuery reports an error.
    """
    if not query:
        raise UserError("collect.query is not set; set it to a SELECT of the rows to collect.")
    try:
        import google.cloud.bigquery  # noqa: F401
    except ImportError:
        raise UserError(
            f"collect=bigquery needs the packages of the extra 'bigquery'; {way_to_add('bigquery')}."
        ) from None
    given = dict(parameters or {})
    with _google_errors(timeout):
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
    """Return a client of the REST API, and one of the Storage API or None."""
    import google.auth
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    address = urlsplit(endpoint or "https://bigquery.googleapis.com")
    credentials: Credentials
    if is_loopback(address.hostname):
        credentials, own = AnonymousCredentials(), None
    elif address.scheme == "https":
        credentials, own = google.auth.default(scopes=[SCOPE])
    else:
        raise UserError(
            f"collect.endpoint: {endpoint} does not begin with https://, which protects the credentials."
        )
    if not (project or own):
        raise UserError("collect.project is not set; set it to the Google Cloud project to bill.")
    options = {"api_endpoint": endpoint} if endpoint else None
    client = bigquery.Client(project or own, credentials, location=location, client_options=options)
    return client, _storage(credentials, endpoint)


def _storage(credentials: Credentials, endpoint: str | None) -> Any:
    if endpoint:  # has the REST API only
        return None
    try:
        from google.cloud.bigquery_storage import BigQueryReadClient
    except ImportError:  # the REST API is slower, but returns the same rows
        return None
    return BigQueryReadClient(credentials=credentials)


def _begin(
    client: Client, query: str, given: Mapping[str, Any], max_bytes: int | None, timeout: float
) -> QueryJob:
    """Start a query after a dry run has shown that its cost is within the limit."""
    from google.cloud.bigquery import DEFAULT_RETRY, QueryJobConfig

    # Throttled requests are retried until the timeout; a `job_retry` would start the query again after it.
    retry = DEFAULT_RETRY.with_timeout(timeout)
    parameters = [_parameter(name, value) for name, value in given.items()]
    trial = client.query(
        query,
        QueryJobConfig(dry_run=True, use_query_cache=False, query_parameters=parameters),
        retry=retry,
        job_retry=None,
    )
    _check_query(trial.statement_type, trial.total_bytes_processed or 0, max_bytes)
    real = QueryJobConfig(query_parameters=parameters, job_timeout_ms=int(1000 * timeout))
    real.maximum_bytes_billed = max_bytes
    return client.query(query, real, retry=retry, job_retry=None)


def _rows(job: QueryJob, timeout: float) -> RowIterator:
    """Wait for the end of a query, and return its rows."""
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
    """Return a parameter with BigQuery's type; strings are compared with dates as dates."""
    from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter

    types = {bool: "BOOL", int: "INT64", float: "FLOAT64"}
    if isinstance(value, list):
        kinds = {type(one) for one in value}
        kind = types.get(kinds.pop(), "STRING") if len(kinds) == 1 else "STRING"
        values = [str(one) for one in value] if kind == "STRING" else value
        return ArrayQueryParameter(name, kind, values)
    return ScalarQueryParameter(name, types.get(type(value), "STRING"), value)


def _check_query(statement: str | None, size: int, limit: int | None) -> None:
    """Raise an error for a query that is not a SELECT, or reads too many bytes."""
    if statement not in (None, "SELECT"):
        raise UserError(f"collect.query must be one SELECT, but BigQuery parsed a {statement}.")
    if limit is not None and size > limit:
        raise UserError(
            f"collect.query would read {size} bytes ({size / 1e9:.3g} GB), but collect.max_bytes allows {limit}; "
            "read fewer columns or partitions (LIMIT does not help), or raise the limit."
        )
    say(f"the query reads {size} bytes")


@contextmanager
def _google_errors(timeout: float) -> Iterator[None]:
    """Convert errors of Google's libraries to a `UserError`."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from requests.exceptions import RequestException

    try:
        yield
    except DefaultCredentialsError:
        raise UserError(
            "no credentials for BigQuery were found; run `gcloud auth application-default login`, or set "
            "GOOGLE_APPLICATION_CREDENTIALS to the path of a key file."
        ) from None
    except TooLate:
        raise UserError(
            f"the query took longer than collect.timeout allows, {timeout} seconds, and was cancelled."
        ) from None
    except (GoogleAPIError, GoogleAuthError, RequestException) as error:
        raise UserError(f"BigQuery reports: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    """Return the reason of an error, without addresses and job ids."""
    error = getattr(error, "cause", None) or error  # the error behind a retry error
    details = getattr(error, "errors", None) or [{}]
    message = details[0].get("message") if isinstance(details[0], dict) else None
    text = str(message or getattr(error, "message", None) or error)
    return redact(text.splitlines()[0].rstrip(".") + ".")


def _write(fetch: Callable[[], RowIterator], storage: Any, folder: Path) -> None:
    """Write the rows of a query as Parquet files."""
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
    """Read rows through the Storage API, or through the REST API if access to it is forbidden."""
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
    """Convert nested values to JSON strings, and bytes to hexadecimal strings."""
    if not (pa.types.is_nested(values.type) or pa.types.is_binary(values.type)):
        return values
    strings = (
        None if value is None else driver_value_to_string(value) for value in values.to_pylist()
    )
    return pa.array(strings, pa.string())
