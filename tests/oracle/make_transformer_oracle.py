"""Spatial transformers, a U-Net with them and a DiT by PyTorch, for tests/nn/transformer_twin_test.cpp, and ten steps of
each for tests/families/diffusion_told_test.cpp, all from fixed weights.

The formulas are those of CompVis/latent-diffusion (ldm/modules/attention.py) and facebookresearch/DiT (models.py), in
PyTorch's own layers under the names that our networks give their weights: attention by nn.MultiheadAttention's function,
patches by a convolution, positions and einsum as published. Features of the time are sines, then cosines, at our
frequencies. Writes transformer_oracle.json beside this file. Needs PyTorch (2.11 when it was written).
"""
import json
import pathlib
import re

import torch
import torch.nn as nn
import torch.nn.functional as F

from filled import filled
from make_step_oracle import linear
from make_unet_oracle import GROUPS, PLAIN, UNet

HERE = pathlib.Path(__file__).parent
STEPS, COUNT, CLASSES, FACTORS, DROPPED, LOUD = 10, 8, 3, (2, 3), 0.3, 20.0


def fill(network, scale=0.2):
    named = {re.sub(r"attention\.", "transformer.", name): value for name, value in network.named_parameters()}
    with torch.no_grad():
        for phase, (_, value) in enumerate(sorted(named.items())):
            value.copy_(filled(value.shape, phase, scale))
    return network


def heads_of(q, k, v, heads, mask=None):
    """softmax(q k^T / sqrt(d)) v by PyTorch's multi-head attention with projections that do nothing."""
    one, zero = torch.eye(q.shape[2]), torch.zeros(3 * q.shape[2])
    mixed, _ = F.multi_head_attention_forward(
        q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1), q.shape[2], heads, None, zero, None, None, False, 0.0,
        one, zero[:q.shape[2]], key_padding_mask=None if mask is None else ~mask, use_separate_proj_weight=True,
        q_proj_weight=one, k_proj_weight=one, v_proj_weight=one, need_weights=False)
    return mixed.transpose(0, 1)


class Attention(nn.Module):
    def __init__(self, width, context, heads):
        super().__init__()
        self.heads = heads
        self.query, self.out = nn.Linear(width, width, bias=False), nn.Linear(width, width)
        self.key, self.value = nn.Linear(context, width, bias=False), nn.Linear(context, width, bias=False)

    def forward(self, x, c, mask=None):
        return self.out(heads_of(self.query(x), self.key(c), self.value(c), self.heads, mask))


class CrossBlock(nn.Module):
    def __init__(self, width, context, heads):
        super().__init__()
        self.self_norm, self.cross_norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.add_module("self", Attention(width, width, heads))
        self.cross = Attention(width, context, heads)
        self.gated, self.feed = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, x, c, mask=None):
        h = self.self_norm(x)
        x = self.get_submodule("self")(h, h) + x
        x = self.cross(self.cross_norm(x), c, mask) + x
        a, gate = self.gated(self.feed_norm(x)).chunk(2, -1)
        return self.feed(a * F.gelu(gate)) + x


class SpatialTransformer(nn.Module):
    def __init__(self, channels, context, heads):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels, eps=1e-6)
        self.input, self.output = nn.Conv2d(channels, channels, 1), nn.Conv2d(channels, channels, 1)
        self.block = CrossBlock(channels, context, heads)

    def forward(self, x, c, mask=None):
        h = torch.einsum("nchw->nhwc", self.input(self.norm(x))).flatten(1, 2)
        h = self.block(h, c, mask).unflatten(1, x.shape[2:])
        return self.output(torch.einsum("nhwc->nchw", h)) + x


class OfNet(SpatialTransformer):
    """In a U-Net, whose `net` carries the sequence to its attentions."""

    def __init__(self, channels, net):
        super().__init__(channels, 4 * net["base"], net["heads"])
        self.net = net

    def forward(self, x):
        return super().forward(x, self.net["told"])


class TokenUNet(UNet):
    def __init__(self, sizes):
        super().__init__(PLAIN | {"attend": OfNet})
        self.tokens = nn.Embedding(sum(sizes) + 1, 4 * PLAIN["base"])

    def forward(self, x, t, tokens):
        self.net["told"] = self.tokens(tokens)
        return super().forward(x, t)


def sincos(places, width):
    omega = 1.0 / 10000 ** (torch.arange(width // 2, dtype=torch.float64) / (width / 2))
    angles = torch.einsum("m,d->md", places.double(), omega)
    return torch.cat([angles.sin(), angles.cos()], 1)


class DiTBlock(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.modulation, self.qkv = nn.Linear(width, 6 * width), nn.Linear(width, 3 * width)
        self.out, self.wide, self.narrow = nn.Linear(width, width), nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x, c):
        shift, scale, gate, shift2, scale2, gate2 = self.modulation(F.silu(c)).chunk(6, 1)
        h = F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale[:, None]) + shift[:, None]
        x = x + gate[:, None] * self.out(heads_of(*self.qkv(h).chunk(3, 2), self.heads))
        h = F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale2[:, None]) + shift2[:, None]
        return x + gate2[:, None] * self.narrow(F.gelu(self.wide(h), approximate="tanh"))


class DiT(nn.Module):
    def __init__(self, channels, height, width, patch, depth, size, heads, hidden, classes, outputs=1):
        super().__init__()
        self.p, self.c, self.grid = patch, outputs * channels, (height // patch, width // patch)
        self.frequencies = torch.logspace(0, 3, 8, dtype=torch.float64).float()
        self.patch = nn.Conv2d(channels, size, patch, patch)
        self.time1, self.time2 = nn.Linear(16, size), nn.Linear(size, size)
        self.label = nn.Embedding(classes + 1, size)
        for i in range(depth):
            self.add_module(f"block{i}", DiTBlock(size, heads, hidden))
        self.blocks = [self.get_submodule(f"block{i}") for i in range(depth)]
        self.output_modulation = nn.Linear(size, 2 * size)
        self.output = nn.Linear(size, patch * patch * self.c)
        across, down = torch.meshgrid(torch.arange(self.grid[1]), torch.arange(self.grid[0]), indexing="xy")
        self.positions = torch.cat([sincos(across.flatten(), size // 2), sincos(down.flatten(), size // 2)], 1).float()

    def forward(self, x, t, y):
        angles = t[:, None] * self.frequencies
        c = self.time2(F.silu(self.time1(torch.cat([angles.sin(), angles.cos()], 1)))) + self.label(y)
        h = self.patch(x).flatten(2).transpose(1, 2) + self.positions
        for block in self.blocks:
            h = block(h, c)
        shift, scale = self.output_modulation(F.silu(c)).chunk(2, 1)
        h = self.output(F.layer_norm(h, h.shape[-1:], eps=1e-6) * (1 + scale[:, None]) + shift[:, None])
        h = h.reshape(len(x), *self.grid, self.p, self.p, self.c)
        return torch.einsum("nhwpqc->nchpwq", h).reshape(len(x), self.c, *x.shape[2:])


def gradients(y, *inputs):
    (y * filled(y.shape, 3.0)).sum().backward()
    return {"output": y.detach().flatten().tolist(), "gradients": [x.grad.flatten().tolist() for x in inputs]}


def spatial(mask=None):
    net = fill(SpatialTransformer(8, 6, 2))
    x, c = filled((2, 8, 2, 3), 0.5, 0.9).requires_grad_(), filled((2, 4, 6), 1.5, 0.9).requires_grad_()
    return gradients(net(x, c, mask), x, c)


def unet():
    net, x = fill(TokenUNet(FACTORS)), filled((2, 1, 8, 8), 0.5, 0.9).requires_grad_()
    # The first shows values 1 and 2, of the second nothing is said.
    return gradients(net(x, torch.tensor([0.3, 0.8]), torch.tensor([[1, 4], [5, 5]])), x, net.tokens.weight)


def dit(outputs):
    net = fill(DiT(3, 4, 6, 2, 2, 8, 2, 20, CLASSES, outputs))
    x = filled((2, 3, 4, 6), 0.5, 0.9).requires_grad_()
    return gradients(net(x, torch.tensor([0.3, 0.8]), torch.tensor([2, CLASSES])), x, net.label.weight)


def steps(network, table, told, none):
    """Ten of the simple loss on the linear schedule, each example's condition dropped three times in ten. Entries of the
    table are large, so that a condition that is not dropped, or is always, shows in the losses."""
    with torch.no_grad():
        table.weight.mul_(LOUD)
    optimizer, alpha_bar = torch.optim.Adam(network.parameters(), 1e-3), linear(100)
    noise, log = torch.Generator().manual_seed(7), []
    for step in range(STEPS):
        x = filled((COUNT, 1, 8, 8), 0.37 * step, 0.9)
        t = (torch.rand(COUNT, generator=noise) * 100).long()
        eps = torch.randn(x.shape, generator=noise)
        a = alpha_bar[t].float()[:, None, None, None]
        dropped = torch.rand(COUNT, generator=noise) < DROPPED
        condition = told.masked_fill(dropped if told.dim() == 1 else dropped[:, None], none)
        loss = F.mse_loss(network(a.sqrt() * x + (1 - a).sqrt() * eps, t.float() / 100, condition), eps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        log.append(loss.item())
    return {"losses": log, "weights": sum(p.double().abs().sum().item() for p in network.parameters())}


if __name__ == "__main__":
    torch.set_num_threads(1)
    i = torch.arange(COUNT)
    padded = torch.tensor([[True, True, False, False], [True, False, True, True]])
    by_class, by_factors = ((net, net.tokens) for net in (fill(TokenUNet([CLASSES]), 0.4), fill(TokenUNet(FACTORS), 0.4)))
    transformer = (lambda net: (net, net.label))(fill(DiT(1, 8, 8, 2, 2, 8, 2, 32, CLASSES)))
    result = {
        "torch": torch.__version__.split("+")[0],
        "spatial": spatial(), "spatial_masked": spatial(padded), "unet": unet(), "dit": dit(1), "dit_two_outputs": dit(2),
        "steps_class": steps(*by_class, (i % CLASSES)[:, None], CLASSES),
        "steps_attributes": steps(*by_factors, torch.stack([i % 2, 2 + i % 3], 1), sum(FACTORS)),
        "steps_dit": steps(*transformer, i % CLASSES, CLASSES),
    }
    (HERE / "transformer_oracle.json").write_text(json.dumps(result) + "\n")
