"""A server of OpenAI's chat completions, to be run as a process of its own: an HTTP server (aiohttp) before a
causal language model of transformers, or a judge without one. It enforces its context and its key, states its use,
and misbehaves on demand.

    python judge_server.py [--model FOLDER] [--context TOKENS] [--key KEY]

It prints its port on one line. `POST /control` with {faults, hold, slow} says what becomes of the next requests;
`GET /control` is its log: what was asked, and how each request ended.
"""

import argparse
import asyncio
import hashlib
import json
import math
import sys
from collections import Counter
from email.utils import formatdate
from time import time
from typing import ClassVar

from aiohttp import web

HELD = 3600.0
ERRORS = {
    "400": (400, {"message": "top_logprobs must be at most 20", "code": "invalid_value"}),
    "401": (401, {"message": "Incorrect API key provided: {key}", "code": "invalid_api_key"}),
    "403": (403, {"message": "You may not use this model", "code": "forbidden"}),
    "404": (404, {"message": "The model `tiny` does not exist", "code": "model_not_found"}),
    "429": (429, {"message": "Rate limit reached", "code": "rate_limit_exceeded"}),
    "500": (500, {"message": "The server had an error", "code": None}),
    "502": (502, "<html>Bad gateway</html>"),
    "503": (503, {"message": "Overloaded", "code": None}),
    "quota": (429, {"message": "You exceeded your quota", "code": "insufficient_quota"}),
    "policy": (400, {"message": "The prompt was filtered", "code": "content_filter"}),
    "context": (400, {"message": "This model's maximum context length is 8 tokens", "code": "context_length_exceeded"}),
}


def choice(content, finish="stop", logprobs=None, **message):
    return {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": content, **message},
        "logprobs": logprobs,
    }


SHAPES = {
    "no choices": {"choices": []},
    "no message": {"choices": [{"index": 0}]},
    "a list": [],
    "an error with 200": {"error": {"message": "overloaded, {key}"}},
    "null content": {"choices": [choice(None, "content_filter")]},
    "empty log-probs": {"choices": [choice("m", logprobs={"content": []})]},
    "log-probs without a verdict": {
        "choices": [
            choice("The", logprobs={"content": [{"token": "The", "logprob": 0, "top_logprobs": []}]}),
        ]
    },
    "truncated": {"choices": [choice("[{'model': 'model_1', 'ra", "length")]},
    "unparsable": {"choices": [choice("I like them both")]},
    "parts": {"choices": [choice([{"type": "text", "text": "I like "}, {"type": "text", "text": "both"}])]},
    "the key": {"choices": [choice("Authorization: {key}")]},
}


class Server:
    """State of one process."""

    control: ClassVar = {"faults": [], "hold": None, "slow": 0.0}

    def __init__(self, judge, context, key):
        self.judge, self.context, self.key = judge, context, key
        self.control = dict(Server.control)
        self.log = []
        self.answered = 0
        self.busy = self.most_busy = 0
        self.turn = asyncio.Lock()  # one request is computed at a time; the others wait, or leave

    def app(self):
        app = web.Application(client_max_size=1 << 28)
        app.router.add_post("/v1/chat/completions", self.ask)
        app.router.add_post("/control", self.steer)
        app.router.add_get("/control", self.tell)
        return app

    async def steer(self, request):
        given = await request.json()
        if given.pop("forget", False):
            self.log, self.answered, self.most_busy = [], 0, 0
        self.control.update(given)
        return web.json_response({})

    async def tell(self, request):
        by_fate, answers = Counter(e["fate"] for e in self.log), Counter()
        for entry in self.log:
            answers[entry["asked"]] += entry["fate"] == "answered"
        return web.json_response(
            {
                "requests": len(self.log),
                "fates": by_fate,
                "distinct": len(answers),
                "answered": sum(answers.values()),
                "most answers to one": max(answers.values(), default=0),
                "waiting": self.busy,
                "most at once": self.most_busy,
                "begun": [entry["at"] for entry in self.log],
                "headers": self.log[-1]["headers"] if self.log else {},
            }
        )

    async def ask(self, request):
        body = await request.json()
        name = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        fault = self.control["faults"].pop(0) if self.control["faults"] else None
        entry = {"asked": name, "fate": "abandoned", "at": time(), "headers": dict(request.headers)}
        self.log.append(entry)
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            if fault:
                response = await self.misbehave(fault, request, body)
                entry["fate"] = fault
                return response
            await asyncio.sleep(self.control["slow"])
            async with self.turn:
                if self.control["hold"] is not None and self.answered >= self.control["hold"]:
                    await asyncio.sleep(HELD)
                response = await asyncio.to_thread(self.reply, body, request.headers.get("Authorization"))
            if request.transport is None or request.transport.is_closing():
                return response
            entry["fate"] = "answered" if response.status == 200 else str(response.status)
            self.answered += response.status == 200
            return response
        finally:
            self.busy -= 1

    def reply(self, body, given=None):
        if self.key and given != f"Bearer {self.key}":
            return self.error(401, {"message": f"Incorrect API key provided: {given}", "code": "invalid_api_key"})
        tokens, tops = self.judge(body["messages"])
        room = tokens + body.get("max_tokens", 1)
        if self.context and room > self.context:
            said = f"This model's maximum context length is {self.context} tokens. However, you requested {room} tokens"
            return self.error(400, {"message": said, "code": "context_length_exceeded"})
        (best, logprob), *_ = tops
        listed = [{"token": t, "logprob": p, "bytes": None} for t, p in tops[: body.get("top_logprobs", 0)]]
        entry = {"token": best, "logprob": logprob, "bytes": None, "top_logprobs": listed}
        logprobs = {"content": [entry]} if body.get("logprobs") else None
        return web.json_response(self.completion({"choices": [choice(best, "length", logprobs)]}, body, tokens))

    def completion(self, part, body, tokens=100):
        usage = {"prompt_tokens": tokens, "completion_tokens": 1, "total_tokens": tokens + 1}
        return {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"], "usage": usage} | part

    def error(self, status, error, headers=None):
        if isinstance(error, str):
            return web.Response(status=status, text=error, content_type="text/html", headers=headers)
        return web.json_response({"error": {"type": "error", "param": None, **error}}, status=status, headers=headers)

    async def misbehave(self, fault, request, body):
        kind, after, wish = fault.partition(" after ")
        if not after:
            kind, _, wish = fault.partition(" until ")
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if kind in ERRORS:
            status, error = json.loads(json.dumps(ERRORS[kind]).replace("{key}", key))
            date = formatdate(time() + float(wish), usegmt=True) if wish and not after else None
            return self.error(status, error, {"Retry-After": date or wish} if wish else None)
        if kind in SHAPES:
            part = json.loads(json.dumps(SHAPES[kind]).replace("{key}", key))
            return web.json_response(part if isinstance(part, list) else self.completion(part, body))
        if kind == "html":
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        if kind == "malformed":
            return web.Response(text='{"choices": [{"message": {"con', content_type="application/json")
        if kind == "redirect":
            return web.Response(status=307, headers={"Location": "http://127.0.0.1:9/v2/chat/completions"})
        return await self.spoil(kind, request, json.dumps(self.completion({"choices": [choice("m")]}, body)).encode())

    async def spoil(self, kind, request, content):
        """Faults of the connection, written below the level of HTTP."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        wire = request.transport
        if kind == "half a body":
            wire.write(head % len(content) + content[: len(content) // 2])
        elif kind == "too long a length":
            wire.write(head % (len(content) + 50) + content)
        elif kind == "too short a length":
            wire.write(head % (len(content) // 2) + content[: len(content) // 2])
        elif kind in ("trickling body", "trickling head"):
            whole = head % len(content) + content
            if kind == "trickling body":
                wire.write(head % len(content))
                whole = content
            for place in range(len(whole)):
                if wire.is_closing():
                    break
                wire.write(whole[place : place + 1])
                await asyncio.sleep(0.02)
        elif kind not in ("silence", "drop"):
            raise web.HTTPInternalServerError(text=f"no fault is called {kind!r}")
        if kind in ("silence", "half a body"):
            while not wire.is_closing():
                await asyncio.sleep(0.02)
        wire.close()
        return web.Response()


def letter_judge(messages):
    """A judge without a model, for tests that need none: what it prefers follows from the letters it reads."""
    text = "".join(m["content"] for m in messages)
    share = int(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:4], 16) / 65537 + 1e-5
    found = {"m": math.log(share), "M": math.log1p(-share), "Both": -20.0}
    return len(text) // 4, sorted(found.items(), key=lambda item: -item[1])


def model_judge(folder):
    """A model of transformers. It reads turns as plain text where it has no chat template."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    texts = [tokenizer.decode(token) for token in range(model.config.vocab_size)]

    def answer(messages):
        if tokenizer.chat_template:
            tokens = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
        else:
            tokens = tokenizer("".join(f"{m['role']}: {m['content']}\n\n" for m in messages) + "assistant:")[
                "input_ids"
            ]
        with torch.no_grad():
            logprobs = model(torch.tensor([tokens]), logits_to_keep=1).logits[0, -1].float().log_softmax(-1)
        found = dict.fromkeys(texts, float("-inf"))  # some tokens are the same text; the likelier stands for it
        for text, logprob in zip(texts, logprobs.tolist(), strict=True):
            found[text] = max(found[text], logprob)
        return len(tokens), sorted(found.items(), key=lambda item: -item[1])

    return answer


async def serve(server):
    runner = web.AppRunner(server.app(), handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"{site._server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until its parent ends
    await runner.cleanup()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--model")
    options.add_argument("--context", type=int, default=0)
    options.add_argument("--key", default="")
    given = options.parse_args()
    judge = model_judge(given.model) if given.model else letter_judge
    asyncio.run(serve(Server(judge, given.context, given.key)))


if __name__ == "__main__":
    main()
