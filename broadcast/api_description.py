"""What the OpenAPI description says beyond what each view declares: every error is a problem (RFC 9457).

`install` once per application. The description is fuzzed by schemathesis (tests/fuzzing): what an answer is
must be in it.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask

PROBLEM = "application/problem+json"
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


def install(app: APIFlask) -> None:
    @app.spec_processor
    def describe(spec: dict[Any, Any] | str) -> dict[Any, Any] | str:
        return spec if isinstance(spec, str) else described(spec)


def described(spec: dict[str, Any]) -> dict[str, Any]:
    """The description with every error told as `default`, in place of those that the framework makes up."""
    spec.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    for path in spec["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                responses = operation["responses"]
                for status in [status for status in responses if str(status)[:1] in "45"]:
                    del responses[status]
                if _says_nothing(responses.get("200")):
                    responses["2XX"] = {"description": responses.pop("200").get("description", "Done.")}
                content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
                responses["default"] = {"description": "An error: what and why.", "content": content}
    return spec


def _says_nothing(response: dict[str, Any] | None) -> bool:
    """What the framework writes of a view that declares no answer: JSON of any form, which may be 201 or 204
    and no JSON.
    """
    told = (response or {}).get("content", {}).get("application/json", {})
    return response is not None and told.get("schema", {}) == {}
