"""Outputs of U-Nets by PyTorch, for tests/nn/unet_twin_test.cpp, from fixed weights: ADM's, DDPM++'s and NCSN++'s
switches on small networks.

Dhariwal & Nichol 2021 (sec. 3; openai/guided-diffusion, unet.py) and Song et al. 2021 (appendix H;
yang-song/score_sde_pytorch, ncsnpp.py, layerspp.py), in PyTorch's own layers and under the names that our networks give
their weights. Filters work as those files have them: zeros between the pixels, padding, correlation, every second pixel.
Group normalisation has PyTorch's epsilon of 1e-5, as ADM's does.
Writes unet_oracle.json beside this file. Needs PyTorch (2.11 when it was written).
"""
import json
import math
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

from filled import filled

HERE = pathlib.Path(__file__).parent
GROUPS, COUNT = 4, 2


def correlated(x, taps, pad):
    taps = torch.tensor(taps, dtype=x.dtype)
    kernel = torch.outer(taps, taps) / taps.sum() ** 2
    n, c, height, width = x.shape
    flat = F.pad(x.reshape(n * c, 1, height, width), (pad[0], pad[1], pad[0], pad[1]))
    return F.conv2d(flat, kernel.flip(0, 1)[None, None]).reshape(n, c, *F.conv2d(flat, kernel[None, None]).shape[2:])


def halved(x, taps):
    extra = len(taps) - 2
    return correlated(x, taps, ((extra + 1) // 2, extra // 2))[:, :, ::2, ::2]


def doubled(x, taps):
    n, c, height, width = x.shape
    spread = torch.zeros(n, c, 2 * height, 2 * width)
    spread[:, :, ::2, ::2] = x
    extra = len(taps) - 2
    return 4 * correlated(spread, taps, ((extra + 1) // 2 + 1, extra // 2))


class Residual(nn.Module):
    def __init__(self, i, o, net, way=None):
        super().__init__()
        self.net, self.way = net, way
        self.norm1, self.conv1 = nn.GroupNorm(GROUPS, i), nn.Conv2d(i, o, 3, 1, 1)
        self.time = nn.Linear(4 * net["base"], 2 * o if net["film"] else o)
        self.norm2, self.conv2 = nn.GroupNorm(GROUPS, o), nn.Conv2d(o, o, 3, 1, 1)
        if i != o or (way and net["join"] == "biggan"):
            self.skip = nn.Conv2d(i, o, 1)

    def forward(self, x, e):
        h = F.silu(self.norm1(x))
        if self.way:
            h, x = self.way(h, self.net["taps"]), self.way(x, self.net["taps"])
        h, condition = self.conv1(h), self.time(e)[:, :, None, None]
        if self.net["film"]:
            scale, shift = condition.chunk(2, 1)
            h = self.norm2(h) * (1 + scale) + shift
        else:
            h = self.norm2(h + condition)
        return (self.conv2(F.silu(h)) + (self.skip(x) if hasattr(self, "skip") else x)) * self.net["scale"]


class Attention(nn.Module):
    def __init__(self, channels, net):
        super().__init__()
        self.heads = channels // net["head_channels"] if "head_channels" in net else net["heads"]
        self.scale = net["scale"]
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv, self.out = nn.Conv2d(channels, 3 * channels, 1), nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        n, c, height, width = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, 3, self.heads, c // self.heads, height * width).unbind(1)
        weights = torch.einsum("nhct,nhcs->nhts", q, k).div(math.sqrt(c // self.heads)).softmax(-1)
        mixed = torch.einsum("nhts,nhcs->nhct", weights, v).reshape(n, c, height, width)
        return (x + self.out(mixed)) * self.scale


class Block(nn.Module):
    def __init__(self, i, o, net, attends=False):
        super().__init__()
        self.residual = Residual(i, o, net)
        self.attention = net.get("attend", Attention)(o, net) if attends else nn.Identity()

    def forward(self, x, e):
        return self.attention(self.residual(x, e))


class UNet(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
        base, widths = net["base"], [net["base"] * m for m in net["multipliers"]]
        inner, compact = net["channels"] * net["fold"] ** 2, net["compact"]
        sides = [net["side"] // net["fold"] // 2 ** level for level in range(len(widths))]
        self.frequencies = torch.logspace(0, 3, base, dtype=torch.float64).float()
        if net["fourier"]:  # GaussianFourierProjection of layerspp.py: x W 2π, of x = log σ
            self.frequencies = filled([base], 2.5, net["fourier"]) * 2 * math.pi
        self.time1, self.time2 = nn.Linear(2 * base, 4 * base), nn.Linear(4 * base, 4 * base)
        self.input = nn.Conv2d(inner, base, 3, 1, 1)
        skips, self.down, self.up, c, image = ([] if compact else [base]), [], [], base, inner
        for level, width in enumerate(widths):
            for b in range(net["blocks"]):
                self.down.append((f"down{level}_block{b}", Block(c, width, net, sides[level] in net["attention"])))
                c = width
                skips.append(c)
            if level + 1 < len(widths):
                following = widths[level + 1] if compact else c
                self.down.append((f"down{level}_resample", Residual(c, following, net, halved)))
                c = following
                if net["progressive"]:
                    self.down.append((f"down{level}_image", nn.Conv2d(image, c, 3, 2)))
                    image = c
                if not compact:
                    skips.append(c)
        if not compact:
            self.middle1 = Block(c, c, net)
        self.middle_attention, self.middle2 = net.get("attend", Attention)(c, net), Block(c, c, net)
        for level, width in reversed(list(enumerate(widths))):
            blocks = net["blocks"] + (not compact)
            for b in range(blocks):
                attends = sides[level] in net["attention"] and (b == blocks - 1 or not net["last_only"])
                self.up.append((f"up{level}_block{b}", Block(c + skips.pop(), width, net, attends)))
                c = width
            if level:
                following = widths[level - 1] if compact else c
                self.up.append((f"up{level}_resample", Residual(c, following, net, doubled)))
                c = following
        for name, module in self.down + self.up:
            self.add_module(name, module)
        self.output_norm, self.output = nn.GroupNorm(GROUPS, base), nn.Conv2d(base, inner, 3, 1, 1)

    def forward(self, x_t, t):
        angles, compact = t[:, None] * self.frequencies, self.net["compact"]
        e = F.silu(self.time2(F.silu(self.time1(torch.cat([angles.sin(), angles.cos()], 1)))))
        image = F.pixel_unshuffle(x_t, self.net["fold"])
        h = self.input(image)
        skips = [] if compact else [h]
        for name, module in self.down:
            if name.endswith("image"):
                half = len(self.net["taps"]) // 2  # leaves one pixel more, which the convolution of stride 2 takes
                h = image = (module(correlated(image, self.net["taps"], (half, half))) + h) * self.net["scale"]
                skips[-1] = image
                continue
            h = module(h, e)
            if name.endswith("resample") and compact:
                continue
            skips.append(h)
        if not compact:
            h = self.middle1(h, e)
        h = self.middle2(self.middle_attention(h), e)
        for name, module in self.up:
            h = module(h if name.endswith("resample") else torch.cat([h, skips.pop()], 1), e)
        return F.pixel_shuffle(self.output(F.silu(self.output_norm(h))), self.net["fold"])


PLAIN = dict(base=8, multipliers=[1, 2], blocks=1, channels=1, fold=1, side=8, attention=[4], film=True, compact=False,
             join="residual", taps=[1, 1], scale=1.0, progressive=False, last_only=False, heads=2,
             fourier=None)
PLUS = PLAIN | dict(blocks=2, channels=3, film=False, join="biggan", scale=math.sqrt(0.5), last_only=True, heads=1)
CASES = {
    "adm": PLAIN | dict(head_channels=4, attention=[8, 4]),
    "ddpmpp": PLUS,
    "ncsnpp": PLUS | dict(multipliers=[1, 2, 2], blocks=1, taps=[1, 3, 3, 1], progressive=True),
    "ncsnpp_fourier": PLUS | dict(multipliers=[1, 2, 2], blocks=1, taps=[1, 3, 3, 1], progressive=True, fourier=1.0),
    "compact": PLAIN | dict(compact=True, fold=2, side=16, taps=[1, 3, 3, 1]),
}


def results(net):
    unet = UNet(net)
    with torch.no_grad():
        for phase, (_, parameter) in enumerate(sorted(unet.named_parameters())):
            parameter.copy_(filled(parameter.shape, phase, 0.2))
    shape = (COUNT, net["channels"], net["side"], net["side"])
    x = filled(shape, 0.5, 0.9).requires_grad_()
    y = unet(x, torch.tensor([0.3, 0.8]))
    (y * filled(shape, 3.0)).sum().backward()
    return {"parameters": sum(p.numel() for p in unet.parameters()), "output": y.detach().flatten().tolist(),
            "gradient": x.grad.flatten().tolist()}


if __name__ == "__main__":
    (HERE / "unet_oracle.json").write_text(json.dumps({name: results(net) for name, net in CASES.items()}) + "\n")
