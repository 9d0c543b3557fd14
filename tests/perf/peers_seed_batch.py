"""The peer of seed_batch_perf.cpp: the same eight runs in eager PyTorch, one after another: peers_seed_batch.py WORK FOLDER [cuda]."""
import functools
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from repeat import repeat_on_demand

SEEDS = 8
work, folder = sys.argv[1:3]
torch.set_num_threads(1)
torch.set_default_device("cuda" if sys.argv[3:] == ["cuda"] else "cpu")


def weights():
    """The tensors of the safetensors file that our side wrote."""
    with open(f"{folder}/{work}.safetensors", "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    return {name: torch.from_numpy(np.frombuffer(data[slice(*entry["data_offsets"])], np.float32).reshape(entry["shape"]).copy())
            for name, entry in header.items() if name != "__metadata__"}


WEIGHTS = weights()


def load(module, prefix):
    state = {name.removeprefix(prefix): value for name, value in WEIGHTS.items() if name.startswith(prefix)}
    missing, unexpected = module.load_state_dict(state, strict=False)
    assert not unexpected and all("num_batches" in name for name in missing), (missing, unexpected)
    return module


def mlp(widths, activation, norm=False):
    layers = []
    for i, o in zip(widths[:-2], widths[1:-1]):
        layers += [nn.Linear(i, o, bias=not norm)] + ([nn.BatchNorm1d(o)] if norm else []) + [activation()]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


def averaged(shadow, live, step, decay=0.999):
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        torch._foreach_lerp_(list(shadow.parameters()), list(live.parameters()), 1 - decay)
        for (name, s), (_, l) in zip(shadow.named_buffers(), live.named_buffers()):
            s.copy_(l) if "num_batches" in name else s.lerp_(l, 1 - decay)


def ring_gan(seed, noise, width):
    x = torch.rand(100, 2, generator=noise) * 2 - 1
    sizes, leaky = [2, width, width, width, 2], lambda: nn.LeakyReLU(0.2, True)
    generator = load(mlp(sizes, lambda: nn.ReLU(True), norm=True), f"{seed}.generator.")
    shadow = load(mlp(sizes, lambda: nn.ReLU(True), norm=True), f"{seed}.ema.")
    # Our discriminator begins with a layer that flattens, so its names count from one.
    discriminator = load(nn.Sequential(nn.Flatten(), *mlp([2, width, width, 1], leaky)), f"{seed}.discriminator.")
    g, d = (torch.optim.Adam(m.parameters(), lr=1e-3, betas=(0.5, 0.999)) for m in (generator, discriminator))

    def step(number):
        generated = generator(torch.randn(100, 2, generator=noise))
        d.zero_grad()
        loss = F.softplus(-discriminator(x)).mean() + F.softplus(discriminator(generated.detach())).mean()
        loss.backward()
        d.step()
        g.zero_grad()
        discriminator.requires_grad_(False)
        F.softplus(-discriminator(generated)).mean().backward()
        discriminator.requires_grad_(True)
        g.step()
        averaged(shadow, generator, number)
        return loss.detach()
    return step


class TimeMlp(nn.Module):
    """Linear and SiLU of (x, sines and cosines of t), 16 frequencies from 1 to 100."""

    def __init__(self, width):
        super().__init__()
        sizes = [2 + 32, width, width, width, 2]
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            self.add_module(f"layer{i}", nn.Linear(a, b))
        self.frequencies = torch.logspace(0, 2, 16)

    def forward(self, x, t):
        angles = t[:, None] * self.frequencies
        h = self.layer0(torch.cat([x, angles.sin(), angles.cos()], 1))
        for layer in (self.layer1, self.layer2, self.layer3):
            h = layer(F.silu(h))
        return h


def ring_ddpm(seed, noise, width):
    x = torch.rand(250, 2, generator=noise) * 2 - 1
    network, shadow = (load(TimeMlp(width), f"{seed}.{name}.") for name in ("network", "ema"))
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    # Nichol & Dhariwal 2021, eq. 17.
    f = torch.cos((torch.arange(101, dtype=torch.float64) / 100 + 0.008) / 1.008 * torch.pi / 2).square()
    alpha_bar = torch.cumprod(1 - (1 - f[1:] / f[:-1]).clamp(max=0.999), 0)
    signal, noisiness = alpha_bar.sqrt().float(), (1 - alpha_bar).sqrt().float()

    def step(number):
        i = (torch.rand(250, generator=noise) * 100).long()
        eps = torch.randn(250, 2, generator=noise)
        x_t = signal[i, None] * x + noisiness[i, None] * eps
        adam.zero_grad()
        loss = F.mse_loss(network(x_t, i / 100), eps)
        loss.backward()
        adam.step()
        averaged(shadow, network, number)
        return loss.detach()
    return step


def mlp_vae(seed, noise, width):
    x = torch.rand(128, 1, 28, 28, generator=noise) * 2 - 1
    encoder = load(nn.Sequential(nn.Flatten(), *mlp([784, width, 40], nn.ReLU)), f"{seed}.network.encoder.")
    decoder = load(nn.Sequential(*mlp([20, width, 784], nn.ReLU), nn.Unflatten(1, (1, 28, 28))), f"{seed}.network.decoder.")
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)

    def step(number):
        adam.zero_grad()
        mu, logvar = encoder(x).chunk(2, 1)
        logits = decoder(mu + torch.exp(0.5 * logvar) * torch.randn(128, 20, generator=noise))
        nll = F.binary_cross_entropy_with_logits(logits, 0.5 * x + 0.5, reduction="sum")
        loss = (nll - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())) / 128
        loss.backward()
        adam.step()
        return loss.detach()
    return step


def width():
    """As defined, or what the work's name ends with (toy2d_gan_width_N)."""
    defined = {"toy2d_gan_8_seeds": 128, "toy2d_ddpm_8_seeds": 128, "toy2d_narrow_gan_8_seeds": 32, "mlp_vae_8_seeds": 400}
    return defined.get(work) or int(work.rsplit("_", 1)[1])


works = {"mlp_vae": (mlp_vae, 10), "toy2d_ddpm": (ring_ddpm, 50), "toy2d": (ring_gan, 100)}
network, steps_per_repeat = next(found for name, found in works.items() if work.startswith(name))
make = functools.partial(network, width=width())
runs = [make(seed, torch.Generator(torch.get_default_device()).manual_seed(seed + 1)) for seed in range(SEEDS)]
done = 0


def steps(count):
    global done
    values = [[run(number) for number in range(done, done + count)][-1] for run in runs]
    done += count
    return [sum(value.item() for value in values) / SEEDS]


start = time.perf_counter()
steps(1)  # warm-up
first_seconds = time.perf_counter() - start
repeat_on_demand(lambda: steps(steps_per_repeat), first_seconds)
