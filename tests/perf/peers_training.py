"""The peer of training_perf.cpp: the same networks, weights and noise in PyTorch: peers_training.py WORK SETTING FOLDER [cuda].

SETTING: eager, best (channels-last and fused Adam) or compile (torch.compile and fused Adam); see ci/perf."""
import json
import math
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from repeat import repeat_on_demand

work, setting, folder = sys.argv[1:4]
torch.set_num_threads(1)
torch.set_default_device("cuda" if sys.argv[4:] == ["cuda"] else "cpu")
more = 20 if sys.argv[4:] else 1  # a GPU's steps are short

# Their constants lie on the device chosen above.
from stylegan2_networks import StyledPair, StyleDiscriminator, StyleGenerator  # noqa: E402


def load(module, prefix=""):
    """Weights of the safetensors file that our side wrote."""
    with open(f"{folder}/{work}.safetensors", "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    state = {}
    for name, entry in header.items():
        if name != "__metadata__" and name.startswith(prefix):
            begin, end = entry["data_offsets"]
            values = np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"])
            state[name.removeprefix(prefix)] = torch.from_numpy(values.copy())
    missing, unexpected = module.load_state_dict(state, strict=False)
    assert not unexpected and all(".num_batches" in m or ".running" in m for m in missing), (missing, unexpected)
    return module.to(memory_format=torch.channels_last) if setting == "best" else module


def ordered(x):
    return x.contiguous(memory_format=torch.channels_last) if setting == "best" and x.dim() == 4 else x


def compiled(module):
    return torch.compile(module) if setting == "compile" else module


def adam(module, **options):
    return torch.optim.Adam(module.parameters(), **({"fused": True} if setting != "eager" else {}), **options)


noise = torch.Generator(torch.get_default_device()).manual_seed(1)


def negative_elbo(x, logits, mu, logvar):
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl


class MlpVae(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.mu, self.logvar = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.decode1, self.decode2 = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x, eps):
        h = F.relu(self.hidden(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.exp(0.5 * logvar) * eps
        return negative_elbo(x, self.decode2(F.relu(self.decode1(z))), mu, logvar)


class ConvVae(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 4, 2, 1), nn.Conv2d(32, 64, 4, 2, 1)
        self.hidden, self.mu, self.logvar = nn.Linear(3136, 256), nn.Linear(256, 32), nn.Linear(256, 32)
        self.decode1, self.decode2 = nn.Linear(32, 256), nn.Linear(256, 3136)
        self.widen1, self.widen2 = nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ConvTranspose2d(32, 1, 4, 2, 1)

    def forward(self, x, eps):
        h = F.relu(self.conv2(F.relu(self.conv1(x)))).flatten(1)
        h = F.relu(self.hidden(h))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.exp(0.5 * logvar) * eps
        h = F.relu(self.decode2(F.relu(self.decode1(z)))).view(-1, 64, 7, 7)
        return negative_elbo(x, self.widen2(F.relu(self.widen1(h))), mu, logvar)


def vae(network, sizes, latent_dim):
    network = load(network)
    loss_of, optimizer = compiled(network), adam(network, lr=1e-3)
    x = ordered(torch.rand(sizes, generator=noise))

    def step():
        optimizer.zero_grad()
        loss = loss_of(x, torch.randn(sizes[0], latent_dim, generator=noise))
        loss.backward()
        optimizer.step()
        return loss.detach()
    return step


def conv(i, o, stride, padding):
    return nn.Conv2d(i, o, 4, stride, padding, bias=False)


def dcgan_generator():
    def widen(i, o, stride, padding):
        return nn.ConvTranspose2d(i, o, 4, stride, padding, bias=False)
    return nn.Sequential(widen(100, 256, 1, 0), nn.BatchNorm2d(256), nn.ReLU(True),
                         widen(256, 128, 2, 1), nn.BatchNorm2d(128), nn.ReLU(True),
                         widen(128, 64, 2, 1), nn.BatchNorm2d(64), nn.ReLU(True), widen(64, 3, 2, 1), nn.Tanh())


def dcgan():
    generator = dcgan_generator()
    discriminator = nn.Sequential(conv(3, 64, 2, 1), nn.LeakyReLU(0.2, True),
                                  conv(64, 128, 2, 1), nn.BatchNorm2d(128), nn.LeakyReLU(0.2, True),
                                  conv(128, 256, 2, 1), nn.BatchNorm2d(256), nn.LeakyReLU(0.2, True), conv(256, 1, 1, 0))
    load(generator, "generator.")
    load(discriminator, "discriminator.")
    settings = dict(lr=2e-4, betas=(0.5, 0.999))
    adam_g, adam_d = adam(generator, **settings), adam(discriminator, **settings)
    generate, judge = compiled(generator), compiled(discriminator)
    x = ordered(torch.rand(64, 3, 32, 32, generator=noise) * 2 - 1)
    one, zero = torch.ones(64), torch.zeros(64)
    bce = F.binary_cross_entropy_with_logits

    def step():
        generated = generate(torch.randn(64, 100, 1, 1, generator=noise))
        adam_d.zero_grad()
        loss = bce(judge(x).flatten(), one) + bce(judge(generated.detach()).flatten(), zero)
        loss.backward()
        adam_d.step()
        adam_g.zero_grad()
        bce(judge(generated).flatten(), one).backward()
        adam_g.step()
        return loss.detach()
    return step


def wgan_gp():
    """Five steps of the critic, one of the generator. torch.compile has no second derivatives: the penalty's critic is eager."""
    generator = dcgan_generator()
    critic = nn.Sequential(conv(3, 64, 2, 1), nn.LeakyReLU(0.2, True),
                           conv(64, 128, 2, 1), nn.GroupNorm(1, 128), nn.LeakyReLU(0.2, True),
                           conv(128, 256, 2, 1), nn.GroupNorm(1, 256), nn.LeakyReLU(0.2, True), conv(256, 1, 1, 0))
    load(generator, "generator.")
    load(critic, "critic.")
    settings = dict(lr=1e-4, betas=(0.5, 0.9))
    adam_g, adam_c = adam(generator, **settings), adam(critic, **settings)
    generate, judge = compiled(generator), compiled(critic)
    x = ordered(torch.rand(64, 3, 32, 32, generator=noise) * 2 - 1)

    def penalty(generated):
        share = torch.rand(64, 1, 1, 1, generator=noise)
        between = (share * x + (1 - share) * generated).requires_grad_()
        slope, = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        return (((slope.square().flatten(1).sum(1) + 1e-12).sqrt() - 1) ** 2).mean()

    def step():
        for _ in range(5):
            with torch.no_grad():
                generated = generate(torch.randn(64, 100, 1, 1, generator=noise))
            adam_c.zero_grad()
            loss = judge(generated).mean() - judge(x).mean() + 10 * penalty(generated)
            loss.backward()
            adam_c.step()
        adam_g.zero_grad()
        critic.requires_grad_(False)
        (-judge(generate(torch.randn(64, 100, 1, 1, generator=noise))).mean()).backward()
        critic.requires_grad_(True)
        adam_g.step()
        return loss.detach()
    return step


def stylegan2():
    generator, discriminator = StyleGenerator(), StyleDiscriminator()
    load(generator, "generator.0.")
    load(discriminator, "discriminator.")
    settings = dict(lr=2e-3, betas=(0.0, 0.99), eps=1e-8)
    adam_g, adam_d = adam(generator, **settings), adam(discriminator, **settings)
    generate, judge = compiled(generator), compiled(discriminator)
    x = ordered(torch.rand(16, 3, 32, 32, generator=noise) * 2 - 1)

    def step():
        z = torch.randn(16, 64, generator=noise)
        noises = [torch.randn(16, 1, side, side, generator=noise) for side in (4, 8, 8, 16, 16, 32, 32)]
        generated = generate(z, noises)
        adam_d.zero_grad()
        loss = F.softplus(-judge(x)).mean() + F.softplus(judge(generated.detach())).mean()
        loss.backward()
        adam_d.step()
        adam_g.zero_grad()
        discriminator.requires_grad_(False)
        F.softplus(-judge(generated)).mean().backward()
        discriminator.requires_grad_(True)
        adam_g.step()
        return loss.detach()
    return step


def stylegan2_convolutions():
    pair = load(StyledPair())
    layers, optimizer = compiled(pair), adam(pair, lr=1e-3)
    x = ordered(torch.rand(16, 64, 32, 32, generator=noise)).requires_grad_()
    weights_of_loss = ordered(torch.rand(16, 64, 32, 32, generator=noise))

    def step():
        optimizer.zero_grad()
        x.grad = None
        loss = (layers(x, torch.randn(16, 64, generator=noise)) * weights_of_loss).mean()
        loss.backward()
        optimizer.step()
        return loss.detach()
    return step


class Residual(nn.Module):
    def __init__(self, i, o, time):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, i), nn.Conv2d(i, o, 3, 1, 1)
        self.time = nn.Linear(time, o)
        self.norm2, self.conv2 = nn.GroupNorm(8, o), nn.Conv2d(o, o, 3, 1, 1)
        if i != o:
            self.skip = nn.Conv2d(i, o, 1)

    def forward(self, x, embedding):
        h = self.conv1(F.silu(self.norm1(x))) + self.time(embedding)[:, :, None, None]
        return self.conv2(F.silu(self.norm2(h))) + (self.skip(x) if hasattr(self, "skip") else x)


class Block(nn.Module):
    def __init__(self, i, o, time):
        super().__init__()
        self.residual = Residual(i, o, time)

    def forward(self, x, embedding):
        return self.residual(x, embedding)


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.qkv, self.out = nn.Conv2d(channels, 3 * channels, 1), nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        n, c, height, width = x.shape
        qkv = self.qkv(self.norm(x)).reshape(n, 3, 4, c // 4, height * width).transpose(-1, -2)
        q, k, v = qkv.unbind(1)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return x + self.out(mixed.transpose(-1, -2).reshape(n, c, height, width))


class UNet(nn.Module):
    def __init__(self, base=32, multipliers=(1, 2, 4)):
        super().__init__()
        time, last = 4 * base, len(multipliers) - 1
        self.register_buffer("frequencies", torch.exp(torch.linspace(math.log(0.1), math.log(1000), base // 2,
                                                                     dtype=torch.float64)).float(), persistent=False)
        self.time1, self.time2 = nn.Linear(base, time), nn.Linear(time, time)
        self.input = nn.Conv2d(1, base, 3, 1, 1)
        skips, channels, self.levels = [base], base, len(multipliers)
        for i, m in enumerate(multipliers):
            for b in range(2):
                self.add_module(f"down{i}_block{b}", Block(channels, base * m, time))
                channels = base * m
                skips.append(channels)
            if i < last:
                self.add_module(f"down{i}_resample", nn.Conv2d(channels, channels, 3, 2, 1))
                skips.append(channels)
        self.middle1, self.middle_attention = Block(channels, channels, time), Attention(channels)
        self.middle2 = Block(channels, channels, time)
        for i, m in reversed(list(enumerate(multipliers))):
            for b in range(3):
                self.add_module(f"up{i}_block{b}", Block(channels + skips.pop(), base * m, time))
                channels = base * m
            if i > 0:
                self.add_module(f"up{i}_resample", nn.Conv2d(channels, channels, 3, 1, 1))
        self.output_norm, self.output = nn.GroupNorm(8, channels), nn.Conv2d(channels, 1, 3, 1, 1)

    def forward(self, x_t, t):
        angles = t[:, None] * self.frequencies
        embedding = F.silu(self.time1(torch.cat([angles.sin(), angles.cos()], 1)))
        embedding = F.silu(self.time2(embedding))
        h = self.input(x_t)
        skips = [h]
        for i in range(self.levels):
            for b in range(2):
                h = getattr(self, f"down{i}_block{b}")(h, embedding)
                skips.append(h)
            if i < self.levels - 1:
                h = getattr(self, f"down{i}_resample")(h)
                skips.append(h)
        h = self.middle2(self.middle_attention(self.middle1(h, embedding)), embedding)
        for i in reversed(range(self.levels)):
            for b in range(3):
                h = getattr(self, f"up{i}_block{b}")(torch.cat([h, skips.pop()], 1), embedding)
            if i > 0:
                h = getattr(self, f"up{i}_resample")(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        return self.output(F.silu(self.output_norm(h)))


alpha_bar = torch.cumprod(1.0 - torch.linspace(1e-4, 0.02, 1000), 0)


def ddpm():
    unet = load(UNet())
    predict, optimizer = compiled(unet), adam(unet, lr=2e-4)
    x = ordered(torch.rand(64, 1, 28, 28, generator=noise) * 2 - 1)

    def step():
        optimizer.zero_grad()
        t = torch.randint(0, 1000, (64,), generator=noise)
        eps = torch.randn(x.shape, generator=noise)
        a = alpha_bar[t][:, None, None, None]
        loss = F.mse_loss(predict(a.sqrt() * x + (1.0 - a).sqrt() * eps, t.float() / 1000.0), eps)
        loss.backward()
        optimizer.step()
        return loss.detach()
    return step


def ddpm_sampling():
    unet = load(UNet()).eval()
    predict = compiled(unet)
    bars = alpha_bar.double().tolist()
    state = {"x": torch.randn(64, 1, 28, 28, generator=noise), "t": 999}

    @torch.inference_mode()
    def step():
        x, t = ordered(state["x"]), state["t"]
        eps = predict(x, torch.full((64,), t / 1000.0))
        a, before = bars[t], bars[max(t - 20, 0)]
        alpha = a / before
        x_0 = ((x - math.sqrt(1 - a) * eps) / math.sqrt(a)).clamp(-1, 1)
        state["x"] = (math.sqrt(before) * (1 - alpha) / (1 - a) * x_0 + math.sqrt(alpha) * (1 - before) / (1 - a) * x
                      + math.sqrt((1 - before) / (1 - a) * (1 - alpha)) * torch.randn(x.shape, generator=noise))
        state["t"] = t - 20 if t >= 20 else 999
        return eps.square().mean()
    return step


def library():
    """denoising-diffusion-pytorch 2.3.4 with its trainer's loop."""
    from denoising_diffusion_pytorch import GaussianDiffusion, Unet
    from ema_pytorch import EMA
    unet = Unet(dim=32, dim_mults=(1, 2, 4), channels=1)
    load(unet)
    diffusion = GaussianDiffusion(unet, image_size=28, timesteps=1000, sampling_timesteps=50)
    diffusion.model = compiled(unet)
    optimizer, average = adam(unet, lr=8e-5, betas=(0.9, 0.99)), EMA(diffusion, beta=0.995, update_every=10)
    x = torch.rand(64, 1, 28, 28, generator=noise)

    def step():
        t = torch.randint(0, 1000, (64,), generator=noise)
        loss = diffusion(x, times=t, noise=torch.randn(x.shape, generator=noise))
        loss.backward()
        nn.utils.clip_grad_norm_(diffusion.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        average.update()
        return loss.detach()
    return step


def library_sampling():
    from denoising_diffusion_pytorch import GaussianDiffusion, Unet
    unet = Unet(dim=32, dim_mults=(1, 2, 4), channels=1)
    load(unet)
    diffusion = GaussianDiffusion(unet, image_size=28, timesteps=1000, sampling_timesteps=50).eval()
    diffusion.model = compiled(unet)

    @torch.inference_mode()
    def step():
        x, t = torch.randn(64, 1, 28, 28, generator=noise), torch.full((64,), 500)
        return diffusion.model_predictions(x, t, None, clip_x_start=True, rederive_pred_noise=True)[0].mean()
    return step


step, steps_per_repeat = {
    "mlp_vae_train": lambda: (vae(MlpVae(), (128, 784), 20), 100),
    "conv_vae_train": lambda: (vae(ConvVae(), (128, 1, 28, 28), 32), 10 * more),
    "dcgan_train": lambda: (dcgan(), 3 * more),
    "wgan_gp_train": lambda: (wgan_gp(), more),
    "stylegan2_train": lambda: (stylegan2(), 2 * more),
    "stylegan2_convolutions": lambda: (stylegan2_convolutions(), 10 * more),
    "ddpm_train": lambda: (ddpm(), more),
    "ddpm_sample": lambda: (ddpm_sampling(), 2 * more),
    "ddp_library_train": lambda: (library(), more),
    "ddp_library_sample": lambda: (library_sampling(), 2 * more),
}[work]()
start = time.perf_counter()
step().item()  # warm-up, compilation
first_seconds = time.perf_counter() - start


def repeat():
    for _ in range(steps_per_repeat):
        last = step()
    return [last.item()]


repeat_on_demand(repeat, first_seconds)
