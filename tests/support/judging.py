"""A tiny causal judge, and a server of it in OpenAI's protocol."""

import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType

import numpy as np
import torch
from tiny import SIZES
from transformers import AutoModelForCausalLM, LlamaConfig

from harness import Prompt

ALPHABET = [chr(code) for code in range(32, 127)] + ["\n"]


class CausalJudge:
    """A random Llama over characters."""

    cut_of: Mapping[str, int] = MappingProxyType({})

    def __init__(self, seed: int = 0):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            config = LlamaConfig(**{**SIZES, "vocab_size": len(ALPHABET)}, num_key_value_heads=2)
            self.model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
            for parameter in self.model.parameters():
                if parameter.ndim > 1:
                    torch.nn.init.normal_(parameter, std=0.3)
        self.lock = threading.Lock()
        self.asked = 0
        self.read: dict[str, dict[str, float]] = {}

    def next_logprobs(self, prompt: Prompt) -> dict[str, float]:
        text = "".join(f"{turn.role}\n{turn.content}\n" for turn in prompt)
        with self.lock, torch.no_grad():
            if text not in self.read:
                tokens = torch.tensor([[ALPHABET.index(character) for character in text]])
                logits = self.model(tokens, logits_to_keep=1).logits[0, -1]
                self.read[text] = dict(zip(ALPHABET, logits.log_softmax(-1).tolist(), strict=True))
        return self.read[text]

    def openings(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> list[np.ndarray]:
        self.asked += len(prompts)
        return [np.array([self.next_logprobs(p)[t] for t in texts], np.float32) for p in prompts]

    def cuts(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> list[Mapping[str, int]]:
        return [self.cut_of] * len(prompts)


@dataclass
class Served:
    """What a server was asked, and how it is to misbehave."""

    url: str
    failures: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    """(status, headers, body) of the next answers; status 0 drops the connection."""
    silent_about: str | None = None
    """Requests with this text in them get no log-probs."""
    bodies: list[dict] = field(default_factory=list)
    """Of all requests that were answered with 200."""
    keys: set[str] = field(default_factory=set)
    asked: int = 0

    @property
    def most_often(self) -> int:
        """How often the most frequent request was answered."""
        return max(Counter(json.dumps(body, sort_keys=True) for body in self.bodies).values())


@contextmanager
def serving(judge: CausalJudge):
    """The judge at a base URL on loopback."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                state.asked += 1
                state.keys.add(self.headers["Authorization"])
                failure = state.failures.pop(0) if state.failures else None
            if failure is None:
                with lock:
                    state.bodies.append(body)
                self.reply(200, {}, json.dumps(self.completion(body)))
            elif failure[0]:
                self.reply(*failure)
            else:
                self.close_connection = True

        def reply(self, status: int, headers: dict[str, str], content: str):
            raw = content.encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers, "Content-Length": len(raw)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(raw)

        def completion(self, body: dict) -> dict:
            from harness import Message

            found = judge.next_logprobs(tuple(Message(m["role"], m["content"]) for m in body["messages"]))
            tops = sorted(found.items(), key=lambda item: -item[1])[: body.get("top_logprobs", 0)]
            best = max(found, key=lambda token: found[token])
            entry = {"token": best, "bytes": None, "logprob": found[best]}
            entry["top_logprobs"] = [{"token": t, "bytes": None, "logprob": p} for t, p in tops]
            return {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "length",
                        "message": {"role": "assistant", "content": best},
                        "logprobs": {"content": [entry]}
                        if state.silent_about is None or state.silent_about not in body["messages"][-1]["content"]
                        else None,
                    }
                ],
                "usage": {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101},
            }

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Served(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
