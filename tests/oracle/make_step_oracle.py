"""The steps of VAE, autoencoder, VQ-VAE and DDPM by PyTorch, for tests/families/step_twin_test.cpp: ten steps of small
networks from fixed weights.

Writes step_oracle.json beside this file: of each case what every step logs, and the sum of all weights at the end.
Needs PyTorch (2.11 when it was written).
"""
import json
import math
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

from filled import filled
from first_stage import PatchGan, kl_stage

HERE = pathlib.Path(__file__).parent
STEPS, COUNT = 10, 8


def fill(network, phase=0, scale=0.6):
    with torch.no_grad():
        for i, (_, parameter) in enumerate(sorted(network.named_parameters())):
            parameter.copy_(filled(parameter.shape, phase + i, scale))
    return network


def batch(side, step):
    return filled((COUNT, 1, side, side), 0.37 * step, 0.9)


def adam(network, rate=1e-2, betas=(0.9, 0.999)):
    return torch.optim.Adam(network.parameters(), rate, betas)


def size_of(*networks):
    return sum(p.double().abs().sum().item() for network in networks for p in network.parameters())


def perceptrons(side, hidden, codes, outputs, code_activation=None):
    """What images become and what codes become: linear layers with ReLU between them."""
    widths = [side * side, *hidden, outputs]
    encoder = [nn.Flatten()]
    for i, o in zip(widths, widths[1:]):
        encoder += [nn.Linear(i, o), nn.ReLU()]
    encoder.pop()
    widths = [codes, *reversed(hidden), side * side]
    decoder = []
    for i, o in zip(widths, widths[1:]):
        decoder += [nn.Linear(i, o), nn.ReLU()]
    decoder[-1] = nn.Unflatten(1, (1, side, side))
    if code_activation:
        encoder.append(code_activation)
    return fill(nn.ModuleDict({"encoder": nn.Sequential(*encoder), "decoder": nn.Sequential(*decoder)}))


def image_of(logits):
    return 2 * torch.sigmoid(logits) - 1


def of_images(x):
    return x.flatten(1).sum(1)




NLL = {
    "bernoulli": lambda x, logits: of_images(F.binary_cross_entropy_with_logits(logits, (x + 1) / 2, reduction="none")),
    "gaussian": lambda x, logits: of_images(-torch.distributions.Normal(image_of(logits), 0.5).log_prob(x)),
    "laplace": lambda x, logits: of_images(-torch.distributions.Laplace(image_of(logits), 0.5).log_prob(x)),
}


def kl_in_parts(z, posterior, data):
    """Minibatch weighted sampling as Chen et al. 2018, appendix C.1, have it."""
    pairs = torch.distributions.Normal(posterior.mean[None], posterior.stddev[None]).log_prob(z[:, None])
    joint = torch.logsumexp(pairs.sum(2), 1) - math.log(len(z) * data)
    product = (torch.logsumexp(pairs, 1) - math.log(len(z) * data)).sum(1)
    conditional = posterior.log_prob(z).sum(1)
    prior = torch.distributions.Normal(0, 1).log_prob(z).sum(1)
    return (conditional - joint).mean(), (joint - product).mean(), (product - prior).mean()


def identity_distance(posterior):
    """DIP-VAE-II."""
    covariance = torch.cov(posterior.mean.T, correction=0) + torch.diag((posterior.stddev ** 2).mean(0))
    diagonal = torch.diagonal(covariance)
    return (covariance ** 2).sum() - (diagonal ** 2).sum(), ((diagonal - 1) ** 2).sum()


def mmd(z, prior):
    """The unbiased estimate with the seven kernels of WAE."""
    n, c = len(z), 2.0 * z.shape[1]
    kernel = lambda a, b: sum(c * s / (c * s + torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist") ** 2)
                              for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0))
    apart = 1 - torch.eye(n)
    return ((kernel(z, z) + kernel(prior, prior)) * apart).sum() / (n * (n - 1)) - 2 * kernel(z, prior).mean()


def vae(likelihood="bernoulli", beta=1.0, warm_up=0.0, samples=1, bound="elbo", free_bits=0.0, capacity=None,
        total_correlation=None, dip=None, mmd_weight=0.0, factor=0.0):
    side, codes = 4, 3
    networks = perceptrons(side, [8], codes, 2 * codes)
    optimizer = adam(networks)
    discriminator = fill(nn.Sequential(nn.Linear(codes, 6), nn.LeakyReLU(0.2), nn.Linear(6, 6), nn.LeakyReLU(0.2),
                                       nn.Linear(6, 1)), 20)
    of_discriminator = adam(discriminator, 2e-2, (0.5, 0.9))
    noise = torch.Generator().manual_seed(7)
    log = []
    for step in range(STEPS):
        x = batch(side, step)
        optimizer.zero_grad()
        mu, logvar = networks["encoder"](x).chunk(2, 1)
        posterior = torch.distributions.Normal(mu, (logvar / 2).exp())
        eps = torch.randn(samples * COUNT, codes, generator=noise).reshape(samples, COUNT, codes)
        z = mu + posterior.stddev * eps
        nll = torch.stack([NLL[likelihood](x, networks["decoder"](draw)) for draw in z])
        kls = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0, 1))
        kl, row = kls.sum(1).mean(), {"reconstruction_nats": nll.mean()}
        weight = beta * (min(1.0, 0.25 * step / warm_up) if warm_up else 1.0)
        row["kl_nats"] = kl
        if bound == "iwae":
            prior = torch.distributions.Normal(0, 1).log_prob(z).sum(2)
            weights = weight * (prior - posterior.log_prob(z).sum(2)) - nll
            loss = -(torch.logsumexp(weights, 0) - math.log(samples)).mean()
        else:
            term = weight * kl
            if free_bits:
                row["free_bits_kl_nats"] = torch.maximum(kls.mean(0), torch.tensor(free_bits)).sum()
                term = weight * row["free_bits_kl_nats"]
            if capacity:
                largest, gamma, steps = capacity
                term = gamma * abs(kl - largest * min(1.0, step / steps))
            if total_correlation:
                mi, tc, dimensions = kl_in_parts(z[0], posterior, 100)
                row |= {"mutual_information_nats": mi, "total_correlation_nats": tc, "dimension_wise_kl_nats": dimensions}
                term = weight * (mi + total_correlation * tc + dimensions)
            loss = nll.mean() + term
        if factor:
            row["factor_total_correlation_nats"] = discriminator(z[0]).mean()
            loss = loss + factor * row["factor_total_correlation_nats"]
        if dip:
            row["covariance_off_diagonal"], row["covariance_diagonal"] = identity_distance(posterior)
            loss = loss + dip[0] * row["covariance_off_diagonal"] + dip[1] * row["covariance_diagonal"]
        if mmd_weight:
            row["mmd"] = mmd(z[0], torch.randn(COUNT, codes, generator=noise))
            loss = loss + mmd_weight * row["mmd"]
        loss.backward()
        optimizer.step()
        row["loss"] = loss
        if factor:
            of_discriminator.zero_grad()
            drawn = z[0].detach()
            order = torch.rand(COUNT, codes, generator=noise).argsort(dim=0, stable=True)
            value = (F.binary_cross_entropy_with_logits(discriminator(drawn), torch.ones(COUNT, 1)) +
                     F.binary_cross_entropy_with_logits(discriminator(drawn.gather(0, order)), torch.zeros(COUNT, 1))) / 2
            value.backward()
            of_discriminator.step()
            row["discriminator_loss"] = value
        log.append({name: value.item() for name, value in row.items()})
    return {"steps": log, "weights": size_of(networks, *([discriminator] if factor else []))}




def autoencoder(cross_entropy=False, corruption=None, sparsity=None, contraction=0.0, hidden=(8,), sigmoid=False):
    side, codes = 4, 3
    networks = perceptrons(side, list(hidden), codes, codes, nn.Sigmoid() if sigmoid else None)
    optimizer = adam(networks)
    noise = torch.Generator().manual_seed(7)
    log = []
    for step in range(STEPS):
        x = batch(side, step)
        optimizer.zero_grad()
        seen = x
        if corruption == "gaussian":
            seen = x + 0.3 * torch.randn(x.shape, generator=noise)
        if corruption == "masking":
            seen = x.masked_fill(torch.rand(x.shape, generator=noise) < 0.4, -1.0)
        seen = seen.clone().requires_grad_()
        h = networks["encoder"](seen)
        logits = networks["decoder"](h)
        error = NLL["bernoulli"](x, logits).mean() if cross_entropy else of_images((x - image_of(logits)) ** 2).mean()
        row, loss = {"reconstruction_error": error, "mean_activation": h.mean()}, error
        if sparsity == "l1":
            row["sparsity"] = h.abs().sum(1).mean()
            loss = loss + 0.5 * row["sparsity"]
        if sparsity == "kl":
            wanted, mean = torch.distributions.Bernoulli(0.2), torch.distributions.Bernoulli(h.mean(0))
            row["sparsity"] = torch.distributions.kl_divergence(wanted, mean).sum()
            loss = loss + 2.0 * row["sparsity"]
        if contraction:
            rows = [torch.autograd.grad(h[:, j].sum(), seen, create_graph=True)[0] for j in range(codes)]
            row["contraction"] = sum((g ** 2).sum() for g in rows) / COUNT
            loss = loss + contraction * row["contraction"]
        loss.backward()
        optimizer.step()
        row["loss"] = loss
        log.append({name: value.item() for name, value in row.items()})
    return {"steps": log, "weights": size_of(networks)}




class ResidualLayer(nn.Module):
    def __init__(self, channels, inner):
        super().__init__()
        self.conv3, self.conv1 = nn.Conv2d(channels, inner, 3, padding=1), nn.Conv2d(inner, channels, 1)

    def forward(self, x):
        return x + self.conv1(F.relu(self.conv3(F.relu(x))))


def vae_maps(**case):
    log, networks = kl_stage([batch(8, step) for step in range(STEPS)], **case)
    return {"steps": log, "weights": size_of(*networks)}


def vq_vae(commitment=0.25, decay=0.99, patch_gan=None):
    side, c, inner, codes, dim = 8, 4, 3, 6, 2
    networks = fill(nn.ModuleDict({
        "encoder": nn.Sequential(nn.Conv2d(1, c // 2, 4, 2, 1), nn.ReLU(), nn.Conv2d(c // 2, c, 4, 2, 1), nn.ReLU(),
                                 nn.Conv2d(c, c, 3, padding=1), ResidualLayer(c, inner), nn.ReLU(), nn.Conv2d(c, dim, 1)),
        "decoder": nn.Sequential(nn.Conv2d(dim, c, 3, padding=1), ResidualLayer(c, inner), nn.ReLU(),
                                 nn.ConvTranspose2d(c, c // 2, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(c // 2, 1, 4, 2, 1))}))
    codebook, optimizer = filled((codes, dim), 50), adam(networks)
    patch_gan = PatchGan(**patch_gan) if patch_gan else None
    counts, sums = torch.zeros(codes), torch.zeros(codes, dim)
    images = torch.randint(0, 256, (100, 1, side, side), generator=torch.Generator().manual_seed(8), dtype=torch.uint8)
    variance = (images.double() / 127.5 - 1).var(correction=0).item()
    log = []
    for step in range(STEPS):
        x = batch(side, step)
        optimizer.zero_grad()
        encoded = networks["encoder"](x)
        vectors = encoded.permute(0, 2, 3, 1).reshape(-1, dim)
        chosen = torch.cdist(vectors.detach(), codebook).argmin(1)
        quantised = codebook[chosen].reshape(COUNT, side // 4, side // 4, dim).permute(0, 3, 1, 2)
        made = image_of(networks["decoder"](encoded + (quantised - encoded).detach()))
        error = F.mse_loss(made, x)
        commits = F.mse_loss(encoded, quantised)
        loss, row = error / variance + commitment * commits, {}
        if patch_gan:
            loss = loss + patch_gan.term(made, error / variance, networks["decoder"], row)
        loss.backward()
        optimizer.step()
        if patch_gan:
            patch_gan.learn(x, made, row)
        share = torch.bincount(chosen, minlength=codes) / len(chosen)
        row = {"loss": loss, "reconstruction_mse": error, "commitment": commits,
               "perplexity": torch.distributions.Categorical(share).entropy().exp()} | row
        log.append({name: value.item() for name, value in row.items()})
        # Moving averages without their bias, counts smoothed as in Sonnet.
        members = F.one_hot(chosen, codes).float()
        counts = decay * counts + (1 - decay) * members.sum(0)
        sums = decay * sums + (1 - decay) * members.T @ vectors.detach()
        seen = counts / (1 - decay ** (step + 1))
        smoothed = (seen + 1e-5) / (seen.sum() + codes * 1e-5) * seen.sum()
        codebook = sums / (1 - decay ** (step + 1)) / smoothed[:, None]
    weights = size_of(networks, *([patch_gan.network] if patch_gan else []))
    return {"steps": log, "weights": weights, "codebook": codebook.double().abs().sum().item()}




GROUPS, HEADS = 4, 2


class Residual(nn.Module):
    def __init__(self, i, o, time):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(GROUPS, i), nn.Conv2d(i, o, 3, 1, 1)
        self.time = nn.Linear(time, 2 * o)
        self.norm2, self.conv2 = nn.GroupNorm(GROUPS, o), nn.Conv2d(o, o, 3, 1, 1)
        if i != o:
            self.skip = nn.Conv2d(i, o, 1)

    def forward(self, x, embedding):
        scale, shift = self.time(embedding)[:, :, None, None].chunk(2, 1)
        h = self.norm2(self.conv1(F.silu(self.norm1(x)))) * (1 + scale) + shift
        return self.conv2(F.silu(h)) + (self.skip(x) if hasattr(self, "skip") else x)


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv, self.out = nn.Conv2d(channels, 3 * channels, 1), nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        n, c, height, width = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, 3, HEADS, c // HEADS, height * width).transpose(-1, -2).unbind(1)
        return x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(-1, -2).reshape(n, c, height, width))


class Block(nn.Module):
    def __init__(self, i, o, time):
        super().__init__()
        self.residual = Residual(i, o, time)

    def forward(self, x, embedding):
        return self.residual(x, embedding)


class UNet(nn.Module):
    """Two levels of a block each, as Ho et al. 2020, appendix B, join them."""

    def __init__(self, base=8):
        super().__init__()
        time, wide = 4 * base, 2 * base
        self.frequencies = torch.logspace(0, 3, base, dtype=torch.float64).float()
        self.time1, self.time2 = nn.Linear(2 * base, time), nn.Linear(time, time)
        self.input = nn.Conv2d(1, base, 3, 1, 1)
        self.down0_block0, self.down0_resample = Block(base, base, time), nn.Conv2d(base, base, 3, 2, 1)
        self.down1_block0 = Block(base, wide, time)
        self.middle1, self.middle_attention, self.middle2 = Block(wide, wide, time), Attention(wide), Block(wide, wide, time)
        self.up1_block0, self.up1_block1 = Block(wide + wide, wide, time), Block(wide + base, wide, time)
        self.up1_resample = nn.Conv2d(wide, wide, 3, 1, 1)
        self.up0_block0, self.up0_block1 = Block(wide + base, base, time), Block(base + base, base, time)
        self.output_norm, self.output = nn.GroupNorm(GROUPS, base), nn.Conv2d(base, 1, 3, 1, 1)

    def forward(self, x_t, t):
        angles = t[:, None] * self.frequencies
        e = F.silu(self.time2(F.silu(self.time1(torch.cat([angles.sin(), angles.cos()], 1)))))
        a = self.input(x_t)
        b = self.down0_block0(a, e)
        c = self.down0_resample(b)
        d = self.down1_block0(c, e)
        h = self.middle2(self.middle_attention(self.middle1(d, e)), e)
        h = self.up1_block1(torch.cat([self.up1_block0(torch.cat([h, d], 1), e), c], 1), e)
        h = self.up1_resample(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        h = self.up0_block1(torch.cat([self.up0_block0(torch.cat([h, b], 1), e), a], 1), e)
        return self.output(F.silu(self.output_norm(h)))


def linear(timesteps):
    betas = torch.linspace(1e-4, 0.02, timesteps, dtype=torch.float64) * 1000 / timesteps
    return torch.cumprod(1 - betas, 0)


def cosine(timesteps):
    f = torch.cos((torch.arange(timesteps + 1, dtype=torch.float64) / timesteps + 0.008) / 1.008 * math.pi / 2) ** 2
    return torch.cumprod(1 - (1 - f[1:] / f[:-1]).clamp(max=0.999), 0)


TARGETS = {"epsilon": lambda x, eps, a: eps, "x0": lambda x, eps, a: x,
           "v": lambda x, eps, a: a.sqrt() * eps - (1 - a).sqrt() * x}
# min(SNR, 5) of the image's error (Hang et al. 2023), by what is predicted.
MIN_SNR = {"epsilon": lambda snr: snr.clamp(max=5) / snr, "x0": lambda snr: snr.clamp(max=5),
           "v": lambda snr: snr.clamp(max=5) / (snr + 1)}


def ddpm(prediction="epsilon", schedule=linear, timesteps=100, stratified=False, min_snr=False):
    side = 8
    unet = fill(UNet(), 0, 0.2)
    optimizer, alpha_bar = adam(unet, 1e-3), schedule(timesteps)
    noise = torch.Generator().manual_seed(7)
    log = []
    for step in range(STEPS):
        x = batch(side, step)
        optimizer.zero_grad()
        u = torch.rand(COUNT, generator=noise)
        if stratified:
            u = (torch.arange(COUNT) + u) / COUNT
        t = (u * timesteps).long()
        eps = torch.randn(x.shape, generator=noise)
        a = alpha_bar[t].float()[:, None, None, None]
        predicted = unet(a.sqrt() * x + (1 - a).sqrt() * eps, t.float() / timesteps)
        errors = F.mse_loss(predicted, TARGETS[prediction](x, eps, a), reduction="none").mean((1, 2, 3))
        if min_snr:
            errors = MIN_SNR[prediction]((alpha_bar / (1 - alpha_bar))[t]).float() * errors
        loss = errors.mean()
        loss.backward()
        optimizer.step()
        log.append({"loss": loss.item()})
    return {"steps": log, "weights": size_of(unet)}


CASES = {
    "vae_bernoulli": (vae, {}),
    "vae_gaussian_warm_up": (vae, dict(likelihood="gaussian", beta=4.0, warm_up=2.0, samples=2)),
    "vae_iwae": (vae, dict(likelihood="laplace", samples=3, bound="iwae")),
    "vae_free_bits": (vae, dict(beta=2.0, free_bits=0.3)),
    "vae_capacity": (vae, dict(capacity=(5.0, 20.0, 6))),
    "vae_beta_tc": (vae, dict(total_correlation=6.0)),
    "vae_factor": (vae, dict(factor=3.0)),
    "vae_dip_mmd": (vae, dict(dip=(10.0, 5.0), mmd_weight=8.0)),
    "autoencoder": (autoencoder, {}),
    "autoencoder_masked": (autoencoder, dict(cross_entropy=True, corruption="masking")),
    "autoencoder_noisy_l1": (autoencoder, dict(corruption="gaussian", sparsity="l1")),
    "autoencoder_sparse_contractive": (autoencoder, dict(sparsity="kl", contraction=0.3, hidden=(), sigmoid=True)),
    "vq_vae": (vq_vae, {}),
    "vq_vae_committed": (vq_vae, dict(commitment=2.0, decay=0.5)),
    "vae_maps": (vae_maps, {}),
    "vae_maps_patch_gan": (vae_maps, dict(factor=2, attention=False, patch_gan=dict(
        weight=0.5, layers=1, channels=4, adaptive=True, rate=2e-3, betas=(0.5, 0.9), start=16))),
    "vq_vae_patch_gan": (vq_vae, dict(patch_gan=dict(
        weight=0.5, layers=1, channels=8, adaptive=False, rate=1e-2, betas=(0.9, 0.999)))),
    "vq_vae_adaptive": (vq_vae, dict(patch_gan=dict(
        weight=0.5, layers=1, channels=4, adaptive=True, rate=2e-3, betas=(0.5, 0.9)))),
    "ddpm_epsilon": (ddpm, {}),
    "ddpm_v_cosine": (ddpm, dict(prediction="v", schedule=cosine, stratified=True)),
    "ddpm_x0_min_snr": (ddpm, dict(prediction="x0", min_snr=True)),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    result = {name: make(**case) for name, (make, case) in CASES.items()}
    (HERE / "step_oracle.json").write_text(json.dumps({"torch": torch.__version__.split("+")[0], **result}, indent=1) + "\n")
