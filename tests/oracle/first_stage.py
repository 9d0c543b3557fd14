"""First stages of latent diffusion by PyTorch, for make_step_oracle.py: the networks of VQGAN and LDM's autoencoder, whose
code is a map, and the adversarial term with its adaptive weight (taming-transformers, modules/losses/vqperceptual.py)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from filled import filled


def fill(network, phase, scale):
    with torch.no_grad():
        for i, (_, parameter) in enumerate(sorted(network.named_parameters())):
            parameter.copy_(filled(parameter.shape, phase + i, scale))
    return network


class ResnetBlock(nn.Module):
    def __init__(self, i, o, groups):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, i), nn.Conv2d(i, o, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(groups, o), nn.Conv2d(o, o, 3, padding=1)
        if i != o:
            self.skip = nn.Conv2d(i, o, 1)

    def forward(self, x):
        h = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return h + (self.skip(x) if hasattr(self, "skip") else x)


class AttentionBlock(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels)
        self.qkv, self.out = nn.Conv2d(channels, 3 * channels, 1), nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        q, k, v = (part.flatten(2).transpose(1, 2) for part in self.qkv(self.norm(x)).chunk(3, 1))
        return x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape))


def middle(channels, groups, attention):
    return [ResnetBlock(channels, channels, groups), *([AttentionBlock(channels, groups)] if attention else []),
            ResnetBlock(channels, channels, groups)]


def maps_networks(side, channels, blocks, codes, groups, factor, attention):
    inner = side // factor // 2 ** (len(channels) - 1)
    encoder = [nn.PixelUnshuffle(factor)] if factor > 1 else []
    encoder.append(nn.Conv2d(factor ** 2, channels[0], 3, padding=1))
    decoder = [nn.Unflatten(1, (codes, inner, inner)), nn.Conv2d(codes, channels[-1], 3, padding=1),
               *middle(channels[-1], groups, attention)]
    for level, c in enumerate(channels):
        before = channels[max(level - 1, 0)]
        encoder += [ResnetBlock(before if b == 0 else c, c, groups) for b in range(blocks)]
        if level + 1 < len(channels):
            encoder.append(nn.Conv2d(c, c, 3, 2, 1))
    for level in reversed(range(len(channels))):
        before, c = channels[min(level + 1, len(channels) - 1)], channels[level]
        decoder += [ResnetBlock(before if b == 0 else c, c, groups) for b in range(blocks + 1)]
        if level > 0:
            decoder += [nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(c, c, 3, padding=1)]
    encoder += [*middle(channels[-1], groups, attention), nn.GroupNorm(groups, channels[-1]), nn.SiLU(),
                nn.Conv2d(channels[-1], 2 * codes, 3, padding=1), nn.Flatten()]
    decoder += [nn.GroupNorm(groups, channels[0]), nn.SiLU(), nn.Conv2d(channels[0], factor ** 2, 3, padding=1)]
    if factor > 1:
        decoder.append(nn.PixelShuffle(factor))
    networks = nn.ModuleDict({"encoder": nn.Sequential(*encoder), "decoder": nn.Sequential(*decoder)})
    return fill(networks, 0, 0.3)


def last_weight(network):
    return [p for p in network.parameters() if p.dim() > 1][-1]


class PatchGan:
    """The term, its discriminator of `layers` halvings, and the discriminator's optimizer."""

    def __init__(self, weight, layers, channels, adaptive, rate, betas, start=0):
        self.weight, self.adaptive, self.start = weight, adaptive, start
        c, stack = channels, [nn.Conv2d(1, channels, 4, 2, 1), nn.LeakyReLU(0.2)]
        for stride in [2] * (layers - 1) + [1]:
            stack += [nn.Conv2d(c, 2 * c, 4, stride, 1, bias=False), nn.GroupNorm(8, 2 * c), nn.LeakyReLU(0.2)]
            c *= 2
        self.network = fill(nn.Sequential(*stack, nn.Conv2d(c, 1, 4, 1, 1)), 60, 0.3)
        self.optimizer = torch.optim.Adam(self.network.parameters(), rate, betas)

    def term(self, made, loss, decoder, row):
        adversarial = -self.network(made).mean()
        row["patch_gan_generator_loss"] = adversarial
        if not self.adaptive:
            return self.weight * adversarial
        slope = lambda y: torch.autograd.grad(y, last_weight(decoder), retain_graph=True)[0].norm()
        row["patch_gan_adaptive_weight"] = (slope(loss) / (slope(adversarial) + 1e-4)).clamp(0, 1e4).detach()
        return self.weight * row["patch_gan_adaptive_weight"] * adversarial

    def learn(self, x, made, row):
        self.optimizer.zero_grad()
        loss = 0.5 * (F.relu(1 - self.network(x)).mean() + F.relu(1 + self.network(made.detach())).mean())
        loss.backward()
        self.optimizer.step()
        row["patch_gan_discriminator_loss"] = loss


def kl_stage(batches, factor=1, attention=True, patch_gan=None):
    """The VAE on maps: Laplace of scale 1/2, a KL term of weight 1/10."""
    codes, side = 2, batches[0].shape[2]
    networks = maps_networks(side, [4, 8], 1, codes, 2, factor, attention)
    optimizer, noise = torch.optim.Adam(networks.parameters(), 1e-3), torch.Generator().manual_seed(7)
    patch_gan = PatchGan(**patch_gan) if patch_gan else None
    log = []
    for step, x in enumerate(batches):
        optimizer.zero_grad()
        mu, logvar = networks["encoder"](x).chunk(2, 1)
        posterior = torch.distributions.Normal(mu, (logvar / 2).exp())
        z = mu + posterior.stddev * torch.randn(mu.shape, generator=noise)
        made = 2 * torch.sigmoid(networks["decoder"](z)) - 1
        nll = -torch.distributions.Laplace(made, 0.5).log_prob(x).flatten(1).sum(1).mean()
        kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0, 1)).sum(1).mean()
        row, loss = {"reconstruction_nats": nll, "kl_nats": kl}, nll + 0.1 * kl
        begun = patch_gan and len(x) * step >= patch_gan.start
        if begun:
            loss = loss + patch_gan.term(made, nll, networks["decoder"], row)
        loss.backward()
        optimizer.step()
        row["loss"] = loss
        if begun:
            patch_gan.learn(x, made, row)
        log.append({name: value.item() for name, value in row.items()})
    return log, [networks, *([patch_gan.network] if patch_gan else [])]
