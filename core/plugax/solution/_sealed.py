"""Plain data as JSON that holds its own SHA-256, so that damage to it is noticed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SEAL = "sha256"


def sealed(content: Mapping[str, Any]) -> bytes:
    """The JSON of `content`, with the SHA-256 of all the rest under the name `sha256`."""
    return _text({**content, SEAL: _digest(content)}).encode()


def unsealed(document: bytes) -> dict[str, Any]:
    """The content of a document that `sealed` made, without its seal; as it is if it has none.

    Errors: `ValueError` if it is no JSON object, or its content is not that of the seal.
    """
    content = json.loads(document)
    if not isinstance(content, dict):
        raise ValueError(f"it holds {type(content).__name__}, not an object")
    seal = content.pop(SEAL, None)
    if seal is not None and seal != _digest(content):
        raise ValueError("its content is not that of its SHA-256")
    return content


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, allow_nan=False)


def _digest(content: Mapping[str, Any]) -> str:
    try:
        return hashlib.sha256(_text(content).encode()).hexdigest()
    except UnicodeEncodeError as error:  # half of a pair of characters, which no text can hold
        raise ValueError(str(error)) from error
