"""One new token a row through decoders laid out as Llama's, by plain functions of their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, rms_norm, silu

from harness.engine.decoding import BufferedDecoding
from harness.engine.key_values import attend_last
from harness.engine.native import newest

BODIES = {"LlamaModel", "MistralModel", "Qwen2Model", "Qwen3Model", "GemmaModel"}
"""Transformers' classes whose layers are those of `_Layer`."""
NORMS = {"LlamaRMSNorm", "MistralRMSNorm", "Qwen2RMSNorm", "Qwen3RMSNorm"}
"""Those that are `rms_norm` of their weight and `variance_epsilon`; any other is called as it is."""
COPIED = 1 << 24
"""Weights of a model, at most, for which they are copied for each pass into the order that compiled products read: that
is so much memory more, and pays where products are small."""
GROWING = {"dynamic", "longrope"}
"""Rotations that depend on how long the sequence is so far."""

Function = Callable[[Tensor], Tensor]
Norm = Callable[[Tensor, "Tensor | None"], Tensor]
"""(states, what is added to them in place first) -> normalised."""
Turning = tuple[Tensor, Tensor]
"""(rows, width) cosines and sines of the new places."""


def unfit(causal: Any) -> str:
    """Why `LeanDecoding` is not for this model as it stands; empty where it is."""
    body = causal.base_model
    if not type(body).__module__.startswith("transformers.models.") or type(body).__name__ not in BODIES:
        return f"{type(body).__name__} is not one of {', '.join(sorted(BODIES))}"
    if any(p.dtype != torch.float32 for p in body.parameters()) or torch.is_autocast_enabled(causal.device.type):
        return "its precision is not float32"
    if body.rotary_emb.rope_type in GROWING:
        return f"its rotation is of the type {body.rotary_emb.rope_type!r}"
    if any(m._forward_hooks or m._forward_pre_hooks for m in causal.modules()):
        return "its modules have hooks"
    return ""


@dataclass(frozen=True)
class _Layer:
    """The functions of one layer, and what its attention knows of itself."""

    place: int
    scaling: float
    window: int | None
    before: Norm
    query: Function
    key: Function
    value: Function
    query_norm: Function | None
    key_norm: Function | None
    out: Function
    between: Norm
    gate: Function
    up: Function
    down: Function
    act: Function


class LeanDecoding(BufferedDecoding):
    """As `BufferedDecoding`, but new tokens pass no module of transformers: most of the time of so little work is spent
    between its operations. Where a module is not a plain one (an adapter), it is called itself.

    Weights are looked up when it is made, so it is made anew for each pass.
    """

    def __init__(self, causal: Any, longest: int) -> None:
        super().__init__(causal, longest)
        places = torch.arange(longest, device=self._device).unsqueeze(0)
        cos, sin = self._body.rotary_emb(torch.zeros(1, device=self._device), position_ids=places)
        self._cos, self._sin = cos[0].contiguous(), sin[0].contiguous()
        self._compiled = newest.takes(self._cos.shape[1], self._body.norm.weight)
        small = sum(p.numel() for p in causal.parameters()) <= COPIED
        line = _linear_of_panels if self._compiled and small else _linear
        self._layers = [_layer(layer, line, compiled=self._compiled) for layer in self._body.layers]
        self._norm = _norm(self._body.norm, compiled=self._compiled)
        self._head = line(self._head)

    def _newest(self, tokens: Tensor, places: Tensor) -> Tensor:
        rows, width = len(tokens), self._cos.shape[1]
        turning = self._cos.index_select(0, places.squeeze(1)), self._sin.index_select(0, places.squeeze(1))
        attend = self._attend_compiled if self._compiled else self._attend
        states, more = self._body.embed_tokens(tokens), None
        for layer in self._layers:
            x = layer.before(states, more)
            query, key = layer.query(x).view(rows, -1, width), layer.key(x).view(rows, -1, width)
            if layer.query_norm and layer.key_norm:
                query, key = layer.query_norm(query), layer.key_norm(key)
            more = layer.out(attend(layer, (query, key, layer.value(x).view(rows, -1, width)), turning))
            x = layer.between(states, more)
            more = layer.down(layer.act(layer.gate(x)) * layer.up(x))
        return self._norm(states, more)

    def _attend_compiled(self, layer: _Layer, new: tuple[Tensor, Tensor, Tensor], turning: Turning) -> Tensor:
        assert self.kept.now is not None
        end = self.kept.now.end
        first = 0 if layer.window is None else max(0, end - layer.window)
        pad = self.kept.pad if self.kept.padded else None
        return newest.attend(new, turning, self.kept.layers[layer.place], pad, (first, end), layer.scaling)

    def _attend(self, layer: _Layer, new: tuple[Tensor, Tensor, Tensor], turning: Turning) -> Tensor:
        query, key, value = new
        half = query.shape[2] // 2
        cos, sin = (x.unsqueeze(1) for x in turning)
        both = torch.cat((query, key), 1)
        swapped = torch.cat((-both[..., half:], both[..., :half]), -1)
        query, key = torch.addcmul(both * cos, swapped, sin).split((query.shape[1], key.shape[1]), 1)
        keys, values = self.kept.write(layer.place, key.unsqueeze(2), value.unsqueeze(2))
        found = attend_last(query.unsqueeze(2), keys, values, self.kept, layer.scaling, layer.window)
        return found.reshape(len(query), -1)


def _layer(layer: Any, line: Callable[[Any], Function], *, compiled: bool) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    normed = hasattr(attention, "q_norm")
    return _Layer(
        place=attention.layer_idx,
        scaling=attention.scaling,
        window=_window(attention),
        before=_norm(layer.input_layernorm, compiled=compiled),
        query=line(attention.q_proj),
        key=line(attention.k_proj),
        value=line(attention.v_proj),
        query_norm=attention.q_norm if normed else None,
        key_norm=attention.k_norm if normed else None,
        out=line(attention.o_proj),
        between=_norm(layer.post_attention_layernorm, compiled=compiled),
        gate=line(mlp.gate_proj),
        up=line(mlp.up_proj),
        down=line(mlp.down_proj),
        act=silu if type(mlp.act_fn).__name__ == "SiLUActivation" else mlp.act_fn,
    )


def _window(attention: Any) -> int | None:
    """Mistral's modules leave it to their configuration, Llama's and Gemma's have none."""
    if hasattr(attention, "sliding_window"):
        return attention.sliding_window
    return attention.config.sliding_window if type(attention).__name__ == "MistralAttention" else None


def _norm(module: Any, *, compiled: bool) -> Norm:
    """Adds to the states in place, and normalises them."""
    if type(module).__name__ in NORMS:
        weight, epsilon = module.weight, module.variance_epsilon
        if compiled:
            return lambda states, more: newest.add_and_norm(states, more, weight, epsilon)
        return lambda states, more: rms_norm(_added(states, more), weight.shape, weight, epsilon)
    return lambda states, more: module(_added(states, more))


def _added(states: Tensor, more: Tensor | None) -> Tensor:
    return states if more is None else states.add_(more)


def _linear_of_panels(module: Any) -> Function:
    return newest.Panels(module.weight, module.bias) if type(module) is nn.Linear else module


def _linear(module: Any) -> Function:
    if type(module) is not nn.Linear:
        return module
    weight, bias = module.weight, module.bias
    return lambda x: linear(x, weight, bias)
