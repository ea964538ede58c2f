"""Messages of any tool in the OpenTelemetry GenAI form, and the one text a reader wants to see.

The form is `[{"role": …, "parts": [{"type": "text", "content": …}, …]}]`; part types follow
open-telemetry/semantic-conventions-genai (text, reasoning, tool_call, tool_call_response, …).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from llmops_lab.readers._json import encode, value_in

Message = dict[str, Any]
Part = dict[str, Any]

_ROLES = {
    "human": "user",
    "humanmessage": "user",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "model": "assistant",
    "systemmessage": "system",
    "developer": "system",
    "toolmessage": "tool",
    "function": "tool",
}
_AS_THEY_ARE = ("user", "assistant", "system")
_LISTS = (
    "messages",
    "choices",
    "input_messages",
    "output_messages",
    "input",
    "output",
)
_TEXTS = (
    "input", "question", "query", "prompt", "text", "message", "user_input", "content",
    "output", "answer", "response", "result", "completion", "final_output", "topic",
)  # fmt: skip


def read_messages(value: Any) -> list[Message]:
    """The messages that the value holds, in OpenTelemetry form; [] when it holds none."""
    found = _messages_in(value_in(value), depth=0)
    return [message for message in map(_normal, found) if message["parts"]]


def _messages_in(value: Any, depth: int) -> list[Any]:
    if isinstance(value, list):
        if value and all(_is_message(item) for item in value):
            return value
        only = value[0] if len(value) == 1 and depth < 4 else None  # LangChain batches: [[…]]
        return _messages_in(only, depth + 1)
    if not isinstance(value, dict) or depth > 4:
        return []
    if _is_message(value):
        return [value]
    if generations := generations_in(value):
        return [_said(each) for each in generations]
    inner = (value_in(value.get(key)) for key in _LISTS)
    return next((found for item in inner if (found := _messages_in(item, depth + 1))), [])


def generations_in(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a model generated for the one prompt of a LangChain LLMResult; [] where it is none."""
    found = value_in(value.get("generations"))
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    is_one = isinstance(found, list) and all(isinstance(each, dict) for each in found)
    return found if is_one and all("text" in each or _is_message(each) for each in found) else []


def _said(generation: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message of a generation; models that complete text make none."""
    if _is_message(generation):
        return generation
    reason = (generation.get("generation_info") or {}).get("finish_reason")
    return {"role": "assistant", "content": generation.get("text"), "finish_reason": reason}


def _is_message(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    if isinstance(item.get("message"), dict):
        return _is_message(item["message"])
    if isinstance(item.get("kwargs"), dict) and "content" in item["kwargs"]:
        return True
    if "message.role" in item:
        return True
    if isinstance(item.get("role"), str):
        return any(key in item for key in ("content", "parts", "tool_calls", "contents"))
    return item.get("type") in ("human", "ai", "system", "tool") and "content" in item


def _normal(item: Mapping[str, Any]) -> Message:
    """One message of any tool, in OpenTelemetry form."""
    if len(item) == 2 and isinstance(item.get("content"), str) and "role" in item:
        role = item["role"]
        if role in _AS_THEY_ARE and item["content"][:1] != "[":
            return {"role": role, "parts": [{"type": "text", "content": item["content"]}]}
    if isinstance(item.get("message"), dict):  # an OpenAI choice, a LangChain generation
        message = _normal(item["message"])
        reason = item.get("finish_reason")
        return {**message, "finish_reason": reason} if isinstance(reason, str) else message
    if isinstance(item.get("kwargs"), dict):  # LangChain's serialised constructor
        kind = str((item.get("id") or [""])[-1])
        return _normal({"role": kind, **item["kwargs"]})
    plain = _without_prefix(item) if "message.role" in item else item
    role = str(plain.get("role") or plain.get("type") or "user").lower()
    role = _ROLES.get(role, role)
    message: Message = {"role": role, "parts": _parts(plain, role)}
    for key in ("name", "finish_reason"):
        if isinstance(plain.get(key), str) and plain[key]:
            message[key] = plain[key]
    return message


def _without_prefix(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key.removeprefix("message."): value for key, value in item.items()}


def _parts(message: Mapping[str, Any], role: str) -> list[Part]:
    """Content, then tool calls; a tool's message is the response to a call."""
    content = message.get("parts") or message.get("contents") or message.get("content")
    call_id = message.get("tool_call_id")
    if role == "tool" and not message.get("parts"):
        response = {"type": "tool_call_response", "id": call_id, "response": content}
        return [{k: v for k, v in response.items() if v is not None}]
    parts = [part for block in _blocks(content) if (part := _part(block))]
    calls = message.get("tool_calls")
    parts += [_call(call) for call in calls or () if isinstance(call, dict)]
    results = message.get("tool_results")
    return parts + [_response(result) for result in results or () if isinstance(result, dict)]


def _blocks(content: Any) -> Iterable[Any]:
    if isinstance(content, str) and content[:2] in ("[{", "[ "):
        content = value_in(content)
    if isinstance(content, list):
        return content
    return [] if content is None or content == "" else [content]


def _part(block: Any) -> Part | None:
    if block is None:
        return None
    if not isinstance(block, dict):
        return {"type": "text", "content": block if isinstance(block, str) else encode(block)}
    kind = _kind(block)
    make = _PARTS.get(kind.replace("-", "_"))
    if make:
        return make(block)
    text = _first(block, "text", "message_content.text", "content")
    if isinstance(text, str) and kind in ("", "text", "input_text", "output_text"):
        return {"type": "text", "content": text}
    return {"type": kind or "unknown", **block}


def _kind(block: Mapping[str, Any]) -> str:
    """The type that a part names; Gemini's are named by their keys."""
    if block.get("thought") is True:
        return "reasoning"
    named = block.get("type") or block.get("message_content.type")
    return str(named or next((key for key in _GEMINI if isinstance(block.get(key), dict)), ""))


def _first(block: Mapping[str, Any], *names: str) -> Any:
    return next((block[name] for name in names if block.get(name) is not None), None)


def _call(block: Mapping[str, Any]) -> Part:
    """A tool call as OpenAI, Anthropic, Vercel, LangChain or OpenInference write it."""
    inner = block.get("function")
    function: Mapping[str, Any] = inner if isinstance(inner, dict) else block
    arguments = _first(
        function, "arguments", "args", "input", "tool_call.function.arguments", "parameters"
    )
    part = {
        "type": "tool_call",
        "id": _first(
            block, "id", "toolCallId", "tool_call.id", "tool_call_id", "call_id", "tool_id"
        ),
        "name": _first(function, "name", "toolName", "tool_call.function.name", "tool_name"),
        "arguments": value_in(arguments),
    }
    return {key: value for key, value in part.items() if value is not None}


def _response(block: Mapping[str, Any]) -> Part:
    part = {
        "type": "tool_call_response",
        "id": _first(
            block, "id", "tool_use_id", "toolCallId", "tool_call_id", "call_id", "tool_id"
        ),
        "response": _first(block, "response", "content", "output", "result"),
    }
    return {key: value for key, value in part.items() if value is not None}


def _reasoning(block: Mapping[str, Any]) -> Part:
    return {"type": "reasoning", "content": _first(block, "content", "thinking", "text", "summary")}


_PARTS: dict[str, Callable[[Mapping[str, Any]], Part]] = {
    "tool_call": _call,
    "tool_use": _call,
    "function_call": _call,
    "tool_call_response": _response,
    "tool_result": _response,
    "function_call_output": _response,
    "reasoning": _reasoning,
    "thinking": _reasoning,
    "functionCall": lambda block: _call(block["functionCall"]),
    "functionResponse": lambda block: _response(block["functionResponse"]),
}
_GEMINI = ("functionCall", "functionResponse")


def message_text(messages: list[Message], role: str) -> str | None:
    """The text of the last message of that role that has any; of the last message otherwise."""
    for wanted in (role, None):
        for message in reversed(messages):
            if wanted is None or message["role"] == wanted:
                found = [p["content"] for p in message["parts"] if p.get("type") == "text"]
                texts = [text for text in found if isinstance(text, str)]
                if texts:
                    return "\n".join(texts)
    return None


def plain_text(value: Any) -> str | None:
    """The one text of an object like {"question": …}; None when it is not that simple."""
    if not isinstance(value, dict):
        return None
    for key in _TEXTS:
        if isinstance(value.get(key), str) and value[key]:
            return value[key]
    prompts = value.get("prompts")  # of a LangChain model that completes text
    if isinstance(prompts, list) and len(prompts) == 1 and isinstance(prompts[0], str):
        return prompts[0]
    texts = [item for item in value.values() if isinstance(item, str)]
    return texts[0] if len(value) == 1 and texts else None
