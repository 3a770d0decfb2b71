"""The OpenAPI description of what a bundle's API takes and returns."""

from __future__ import annotations

import re
import warnings
from typing import Any

from pedigree.data.engine import EXACT
from pedigree.prediction.bundle import Bundle
from pedigree.serving.decoding import DATE, LARGEST
from pedigree.serving.refusals import JSON, MAX_BYTES, MAX_DETAIL, MAX_ROWS, MAX_TEXT

Schema = dict[str, Any]
# What `str.strip` removes, which is not what `\s` matches in JSON Schema.
BLANK = r"[\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
TYPES: dict[str, Schema] = {
    "float64": {"type": "number", "minimum": -LARGEST, "maximum": LARGEST},
    "int64": {"type": "integer", "minimum": 1 - EXACT, "maximum": EXACT - 1},
    "boolean": {"type": "boolean"},
    "datetime64[ns]": {"type": "string", "pattern": DATE},
    "str": {"type": "string", "maxLength": MAX_TEXT},
}
REASONS = {
    400: "The body is not JSON in UTF-8 in which each name occurs once.",
    401: "The bearer token is missing or wrong.",
    408: "The body did not arrive in time.",
    413: f"The body has more than {MAX_BYTES:,} bytes.",
    415: f"The body is compressed, or is not declared as {JSON} in UTF-8.",
    422: "The rows are not what the model takes.",
    503: "The server is busy or stopping, or the model does not work.",
}
DESCRIPTION = """A column may have its name in the source of the data instead. The strings that mark a missing value
there mark it here, too. No string may contain a lone surrogate."""


def describe(bundle: Bundle, secured: bool = False) -> Schema:
    """Describe the API of a bundle in OpenAPI 3.1.

    Parameters
    ----------
    bundle : Bundle
    secured : bool
        Whether predictions require a bearer token.
    """
    post = {
        "summary": "Predict rows",
        "description": DESCRIPTION,
        "operationId": "predict",
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": _request(bundle), **_example(bundle)}},
        },
        "responses": {
            "200": _response("A prediction for each row, in their order.", _answer(bundle)),
            **_refusals(400, 401 * secured, 408, 413, 415, 422, 503),
        },
    }
    secret: Schema = {"security": [{"token": []}]} if secured else {}
    live, ready = _state("live"), _state("ready", bundle=bundle.id)
    document: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": f"Predicts {bundle.signature.target.name}",
            "version": bundle.id[:12],
        },
        "paths": {
            "/predict": {"post": post | secret},
            "/health/live": {
                "get": {
                    "summary": "Whether the server runs",
                    "operationId": "live",
                    "responses": {"200": _response("It runs.", live)},
                }
            },
            "/health/ready": {
                "get": {
                    "summary": "Whether the bundle is loaded and predicts its example row rightly",
                    "operationId": "ready",
                    "responses": {"200": _response("It does.", ready), **_refusals(503)},
                }
            },
        },
    }
    if secured:
        document["components"] = {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}
        }
    return document


def _request(bundle: Bundle) -> Schema:
    rules = _rules(bundle.signature.contract)
    markers = sorted({"", *bundle.signature.missing})
    columns = {
        name: _column(dtype, *rules.get(name, (True, {})), markers)
        for name, dtype in bundle.signature.types.items()
    }
    row = {
        "type": "object",
        "properties": columns,
        "required": bundle.needed,
        "additionalProperties": False,
    }
    rows = {"type": "array", "minItems": 1, "maxItems": MAX_ROWS, "items": row}
    return _object(rows=rows)


def _rules(contract: Schema) -> dict[str, tuple[bool, Schema]]:
    """Return for each column of a contract whether it may be missing, and its rules as far as JSON Schema knows them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pandera.io.pandas_io import deserialize_schema
    plain = {name: {**one, "dtype": None} for name, one in contract["columns"].items()}
    found = deserialize_schema({**contract, "columns": plain}).columns
    return {
        name: (
            bool(one.nullable),
            {
                key: value
                for check in one.checks
                for key, value in _rule(check.name, check.statistics or {}).items()
            },
        )
        for name, one in found.items()
    }


def _rule(check: str, of: dict[str, Any]) -> Schema:
    """Translate a check of pandera; those without a translation are still enforced."""
    low, high = of.get("min_value"), of.get("max_value")
    match check:
        case "greater_than":
            return {"exclusiveMinimum": low}
        case "greater_than_or_equal_to":
            return {"minimum": low}
        case "less_than":
            return {"exclusiveMaximum": high}
        case "less_than_or_equal_to":
            return {"maximum": high}
        case "in_range":
            return {
                "minimum" if of.get("include_min", True) else "exclusiveMinimum": low,
                "maximum" if of.get("include_max", True) else "exclusiveMaximum": high,
            }
        case "isin":
            return {"enum": list(of["allowed_values"])}
        case "notin":
            return {"not": {"enum": list(of["forbidden_values"])}}
        case "str_length":
            ends = {"minLength": low, "maxLength": high}
            return {name: value for name, value in ends.items() if value is not None}
        case "str_matches":
            pattern = of["pattern"]
            text = pattern.pattern if isinstance(pattern, re.Pattern) else str(pattern)
            # Python's own syntax is not that of JSON Schema.
            own = re.search(r"\(\?[^:=!]|\\[AZ]", text)
            return {} if own else {"pattern": text if text[0] == "^" else f"^(?:{text})"}
    return {}


def _column(dtype: str, nullable: bool, rules: Schema, markers: list[str]) -> Schema:
    """Describe the values of a column: those that follow its rules, and marks of a missing value."""
    shape = dict(TYPES[dtype])
    bounds = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    numeric = dtype in ("float64", "int64")
    for key, value in rules.items():
        if key in bounds and not (numeric and type(value) in (int, float)):
            continue  # of dates, for which JSON Schema has no bounds
        if key == "maxLength":
            value = min(value, MAX_TEXT)
        shape[key] = value
    # `re.escape` escapes more characters than JSON Schema allows to escape.
    missing = "|".join(re.sub(r"[\\^$.|?*+(){}\[\]]", r"\\\g<0>", one) for one in markers)
    blank = {"pattern": f"^{BLANK}*({missing}){BLANK}*$"}
    if dtype != "str":
        return {"anyOf": [shape, {"enum": [None, *markers]}]} if nullable else shape
    if nullable and not rules:
        return shape | {"type": ["string", "null"]}
    if nullable:
        string = {"type": "string", "maxLength": MAX_TEXT} | blank
        return {"anyOf": [shape, string, {"type": "null"}]}
    return shape if "enum" in shape else {"allOf": [shape, {"not": blank}]}


def _answer(bundle: Bundle) -> Schema:
    number = {"type": "number"}
    classes = bundle.signature.target.classes
    if classes:
        probability = {"type": "number", "minimum": 0, "maximum": 1}
        chances = _object(**dict.fromkeys(classes, probability))
        prediction = _object(label={"enum": classes}, probabilities=chances)
    else:
        prediction = {
            "type": "object",
            "properties": dict.fromkeys(("value", "low", "high"), number),
        }
        prediction |= {"required": ["value"], "additionalProperties": False}
    predictions = {"type": "array", "minItems": 1, "maxItems": MAX_ROWS, "items": prediction}
    return _object(bundle={"const": bundle.id}, predictions=predictions)


def _example(bundle: Bundle) -> Schema:
    example = bundle.signature.example
    return {"example": {"rows": [example.row]}} if example else {}


def _object(**properties: Schema) -> Schema:
    """Describe an object that has exactly these names."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _state(state: str, **more: str) -> Schema:
    return _object(**{name: {"const": value} for name, value in {"status": state, **more}.items()})


def _response(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _refusals(*statuses: int) -> Schema:
    detail = _object(detail={"type": "string", "maxLength": MAX_DETAIL + 1})
    return {str(one): _response(REASONS[one], detail) for one in statuses if one}
