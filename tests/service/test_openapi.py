"""The OpenAPI document says what the service does: asked with everything it allows, and with everything it forbids."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from seedscape.scene.spec import SceneSpec, spec_to_dict
from seedscape.service.openapi import openapi
from seedscape.service.problems import CODES
from tests.service.running import ROOT, Service

# DELETE cancels an environment and keeps its record; the excluded check wants it gone.
OPTIONS = ["--checks", "all", "--exclude-checks", "use_after_free", "--suppress-health-check", "all", "--no-color"]
SCHEMATHESIS = """
from schemathesis.cli import schemathesis
schemathesis()
"""


def test_the_request_schema_knows_every_field_and_its_default() -> None:
    request = openapi(False)["components"]["schemas"]["Request"]
    fields = request["properties"]["spec"]["properties"]
    assert {name: field["default"] for name, field in fields.items()} == spec_to_dict(SceneSpec())
    jsonschema.Draft202012Validator.check_schema(request)
    validator = jsonschema.Draft202012Validator(request)
    for body in ({}, {"spec": spec_to_dict(SceneSpec())}, {"profile": "godot", "textures": "jpeg"}):
        assert validator.is_valid(body), body
    wrong: list[Any] = [
        [],
        {"spec": {"seed": -1}},
        {"spec": {"x": 1}},
        {"textures": "webp"},
        {"profile": "unity", "textures": "webp"},
    ]
    for body in wrong:
        assert not validator.is_valid(body), body


def test_every_answer_of_the_service_is_as_the_document_says(service: Service) -> None:
    schemas = service.http.get("/openapi.json").json()["components"]["schemas"]
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": {"schemas": schemas}}
    done = service.wait(service.accepted(300))
    answers = {
        "Environment": [done, service.create(301, rocks=0.5).json(), service.wait(service.accepted(302, water=0.11))],
        "Page": [service.http.get("/v1/environments").json()],
        "Fields": [service.http.get("/v1/spec").json()],
        "Problem": [service.create(-1, biome="x").json(), service.http.get("/x").json()],
    }
    for name, values in answers.items():
        for value in values:
            jsonschema.validate(value, {**schema, "$ref": f"#/components/schemas/{name}"})


def test_every_operation_names_itself_and_its_refusals() -> None:
    document = openapi(True)
    assert document["openapi"].startswith("3.1") and document["security"] == [{"token": []}]
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names)) == 13
    statuses = {str(status) for status, _ in CODES.values()}
    for path in document["paths"].values():
        for operation in path.values():
            refusals = {status for status in operation["responses"] if int(status) >= 400}
            assert {"400", "401", "421", "500"} <= refusals <= statuses


def test_every_problem_is_documented() -> None:
    text = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    assert [code for code in CODES if f"`{code}`" not in text] == []


@pytest.mark.slow
def test_schemathesis_finds_no_fault(service: Service, tmp_path: Path) -> None:
    """benchmarks/service_schema.py asks a thousand questions and more; here are some."""
    command = [sys.executable, "-c", SCHEMATHESIS, "run", f"{service.url}/openapi.json", *OPTIONS]
    done = subprocess.run(
        [*command, "--max-examples", "5", "--seed", "1"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert service.logged("internal error") == []
