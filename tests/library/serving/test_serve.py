"""The HTTP API, without sockets."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pandas as pd
import pytest
from library.projects import Project
from library.serving.requests import bird, body
from starlette.testclient import TestClient

from pedigree.base.names import UserError
from pedigree.prediction.bundle import Bundle
from pedigree.prediction.sealed import Sealed
from pedigree.serving import api
from pedigree.serving.core import Answer, Service

JSON = {"content-type": "application/json"}


def client(**options: Any) -> TestClient:
    return TestClient(api.Api(Service.load(), **options).app)


def test_the_server_is_live_and_ready(project: Project) -> None:
    assert client().get("/health/live").json() == {"status": "live"}
    answer = client().get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "bundle": Sealed.read(Path("models/bundle")).id}


def test_a_row_gets_its_label_and_probabilities(project: Project) -> None:
    bundle = Bundle.load()
    expected = bundle.predict(bundle.check(pd.DataFrame([bird()]))[0]).values[0]
    answer = client().post("/predict", json={"rows": [bird(), bird()]}).json()
    first, second = answer["predictions"]
    assert first == second
    assert first["probabilities"] == pytest.approx(
        dict(zip(("female", "male"), expected, strict=True))
    )
    assert first["label"] == max(first["probabilities"], key=first["probabilities"].get)
    assert answer["bundle"] == bundle.id


def test_a_number_is_answered_with_its_value_and_interval(copy_of) -> None:
    copy_of("regression")
    (answer,) = client().post("/predict", json={"rows": [bird()]}).json()["predictions"]
    assert set(answer) == {"value", "low", "high"}
    assert 2500 < answer["low"] < answer["value"] < answer["high"] < 7000


def test_one_of_several_classes_is_answered(copy_of) -> None:
    copy_of("multiclass")
    (answer,) = client().post("/predict", json={"rows": [bird()]}).json()["predictions"]
    assert answer["label"] == "Adelie"
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_missing_values_are_answered(project: Project) -> None:
    rows = [bird(culmen_depth_mm=None), bird(culmen_depth_mm="NA"), bird(culmen_depth_mm="")]
    answer = client().post("/predict", json={"rows": rows})
    assert answer.status_code == 200
    first, second, third = answer.json()["predictions"]
    assert first == second == third


def test_a_thousand_rows_are_answered(project: Project) -> None:
    assert (
        len(client().post("/predict", json={"rows": [bird()] * 1000}).json()["predictions"]) == 1000
    )


def refusal(answer: Any) -> tuple[int, str]:
    """Return the status and the sentence, which every refusal has."""
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["detail"]
    return answer.status_code, answer.json()["detail"]


def test_a_wrong_request_is_refused_with_the_reason(project: Project) -> None:
    asked = client()
    answer = asked.post("/predict", json={"rows": [bird(body_mass_g=True)]})
    assert refusal(answer) == (422, "row 0: body_mass_g should be a number, but is true")
    answer = asked.post("/predict", content=b'{"rows"', headers=JSON)
    assert refusal(answer) == (400, "the body is not JSON: Expecting ':' delimiter at character 7")
    assert refusal(asked.post("/predict", content=body(bird())))[0] == 415
    answer = asked.post(
        "/predict", content=body(bird()), headers=JSON | {"content-encoding": "gzip"}
    )
    assert refusal(answer) == (415, "the body must not be compressed")
    assert "connection" not in asked.post("/predict", json={}).headers
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/predict", 405),
        ("POST", "/health/live", 405),
        ("GET", "/", 404),
        ("GET", "/docs", 404),
        ("GET", "/redoc", 404),
        ("POST", "/predict/", 404),
    ],
)
def test_another_path_or_method_is_refused(
    project: Project, method: str, path: str, status: int
) -> None:
    assert refusal(client().request(method, path, follow_redirects=False))[0] == status


def pieces(size: int, count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * size


def test_a_large_body_is_refused_by_what_arrives_or_by_what_it_claims(project: Project) -> None:
    asked, said = client(), (413, "the body is too large; at most 5,000,000 bytes are allowed")
    assert refusal(asked.post("/predict", content=pieces(10_000, 501), headers=JSON)) == said
    expecting = JSON | {"expect": "100-continue"}
    for claimed in ("5000001", "9" * 400, "-1", "x"):
        answer = asked.post(
            "/predict", content=b"", headers=expecting | {"content-length": claimed}
        )
        assert refusal(answer) == said
    both = JSON | {"content-length": "5", "transfer-encoding": "chunked"}
    assert refusal(asked.post("/predict", content=pieces(10_000, 501), headers=both))[0] == 400


def test_a_token_is_required_where_one_is_set(project: Project) -> None:
    asked = client(token="s3cret")
    sent: dict[str, Any] = {"json": {"rows": [bird()]}}
    for headers in ({}, {"authorization": "Bearer other"}):
        answer = asked.post("/predict", headers=headers, **sent)
        assert refusal(answer) == (401, "the header Authorization must contain the bearer token")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert refusal(asked.get("/openapi.json", headers=headers))[0] == 401
    token = {"authorization": "Bearer s3cret"}
    assert asked.post("/predict", headers=token, **sent).status_code == 200
    description = asked.get("/openapi.json", headers=token).json()
    assert description["paths"]["/predict"]["post"]["security"] == [{"token": []}]
    assert asked.get("/health/ready").status_code == 200


def test_only_allowed_hosts_are_answered(project: Project) -> None:
    asked = client(allowed_hosts=["testserver", "*.example.org"])
    assert asked.get("/health/live").status_code == 200
    assert asked.get("/health/live", headers={"host": "api.example.org:8000"}).status_code == 200
    assert asked.get("/health/live", headers={"host": "evil.test"}).status_code == 400


# --- while predictions wait ---------------------------------------------------------------------------


class Gated(Service):
    """Predicts once a gate is opened."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        self.entered, self.gate = threading.Event(), threading.Event()

    def predict(self, chunks: Iterable[bytes]) -> Answer:
        self.entered.set()
        self.gate.wait()
        return super().predict(chunks)


def test_live_does_not_wait_for_predictions_but_ready_does(project: Project, monkeypatch) -> None:
    monkeypatch.setattr(api, "READY_SECONDS", 0.1)
    monkeypatch.setattr(api, "MAX_WAITING", 3)
    service, sent = Gated(Bundle.load()), body(bird())

    async def scenario() -> None:
        transport = httpx2.ASGITransport(api.Api(service).app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://server") as asked:
            waiting = [
                asyncio.create_task(asked.post("/predict", content=sent, headers=JSON))
                for _ in range(3)
            ]
            await asyncio.to_thread(service.entered.wait)
            assert (await asked.get("/health/live")).status_code == 200
            ready = await asked.get("/health/ready")
            assert refusal(ready) == (503, "the self-test waits for predictions")
            further = await asked.post("/predict", content=sent, headers=JSON)
            assert refusal(further) == (503, "the server is busy; try again in a second")
            assert further.headers["retry-after"] == "1"
            assert not any(one.done() for one in waiting)
            monkeypatch.setattr(api, "READY_SECONDS", 60)
            service.gate.set()
            assert [one.status_code for one in await asyncio.gather(*waiting)] == [200] * 3
            assert (await asked.post("/predict", content=sent, headers=JSON)).status_code == 200
            assert (await asked.get("/health/ready")).status_code == 200

    asyncio.run(scenario())


def test_bodies_of_all_requests_are_held_up_to_a_limit(project: Project, monkeypatch) -> None:
    asked = client()
    monkeypatch.setattr(api, "MAX_HELD", 100_000)
    answer = asked.post("/predict", content=pieces(10_000, 11), headers=JSON)
    assert refusal(answer) == (503, "the server is busy; try again in a second")
    assert asked.post("/predict", json={"rows": [bird()]}).status_code == 200


def test_a_changed_bundle_is_not_served(project: Project) -> None:
    (project.folder / "models/bundle/model.skops").write_bytes(b"other")
    with pytest.raises(UserError, match=r"model\.skops was changed"):
        client()
