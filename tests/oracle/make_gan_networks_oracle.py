"""Outputs of GAN networks by PyTorch, for tests/families/gan_network_test.cpp, from fixed weights.

Lucic et al.'s networks in PyTorch's own layers, as compare_gan (branch v1, src/gans/abstract_gan.py and ops.py) has them:
images in [0,1], leaky ReLU 0.2, batch normalisation of decay 0.999 and epsilon 0.001, biases everywhere. SNGAN's by
Mimicry's own modules, which this script takes from the source package torch-mimicry 0.1.16 in the folder named as its
argument; its discriminator's blocks get a ReLU that leaves its input alone, as in the authors' code.
Writes gan_networks_oracle.json beside this file. Needs PyTorch (2.11 when it was written).
"""
import json
import pathlib
import sys
import types

import torch
import torch.nn as nn

from filled import filled

HERE = pathlib.Path(__file__).parent
COUNT, LATENT = 3, 5


def fill(parameters):
    with torch.no_grad():
        for phase, parameter in enumerate(parameters):
            parameter.copy_(filled(parameter.shape, phase))


class ToUnit(nn.Module):
    def forward(self, x):
        return (x + 1) / 2


class FromUnit(nn.Module):
    def forward(self, x):
        return 2 * torch.sigmoid(x) - 1


def lucic(side, channels, norm):
    c, inner, units = 2, 4 * (side // 4) ** 2, 32
    leak = lambda: nn.LeakyReLU(0.2)
    options = dict(eps=1e-3, momentum=1e-3)
    of_batch = lambda layer, n: [layer(n, **options)] if norm else []
    generator = nn.Sequential(
        nn.Linear(LATENT, units), nn.BatchNorm1d(units, **options), leak(), nn.Linear(units, inner),
        nn.BatchNorm1d(inner, **options), leak(), nn.Unflatten(1, (2 * c, side // 4, side // 4)),
        nn.ConvTranspose2d(2 * c, c, 4, 2, 1), nn.BatchNorm2d(c, **options), leak(),
        nn.ConvTranspose2d(c, channels, 4, 2, 1), FromUnit())
    critic = nn.Sequential(
        ToUnit(), nn.Conv2d(channels, c, 4, 2, 1), leak(), nn.Conv2d(c, 2 * c, 4, 2, 1), *of_batch(nn.BatchNorm2d, 2 * c),
        leak(), nn.Flatten(), nn.Linear(inner, units), *of_batch(nn.BatchNorm1d, units), leak(), nn.Linear(units, 1))
    fill(generator.parameters())
    fill(critic.parameters())
    return generator, critic


def dcgan(side, channels, norm):
    """Radford et al.'s layers (the generator's first one linear, norms behind all but the outermost of each network)."""
    g, d = (6, 4), (3, 5, 6)
    bottom, end = side // 4, side // 8
    up = lambda a, b, last: nn.ConvTranspose2d(a, b, 4, 2, 1, bias=last)
    generator = nn.Sequential(
        nn.Linear(LATENT, g[0] * bottom**2, bias=False), nn.Unflatten(1, (g[0], bottom, bottom)), nn.BatchNorm2d(g[0]), nn.ReLU(),
        up(g[0], g[1], False), nn.BatchNorm2d(g[1]), nn.ReLU(), up(g[1], channels, True), nn.Tanh())
    norms = {"batch": lambda n: [nn.BatchNorm2d(n)], "layer": lambda n: [nn.GroupNorm(1, n)], "none": lambda n: []}[norm]
    down = lambda a, b, biased: nn.Conv2d(a, b, 4, 2, 1, bias=biased)
    leak = lambda: nn.LeakyReLU(0.2)
    critic = nn.Sequential(
        down(channels, d[0], True), leak(), down(d[0], d[1], norm == "none"), *norms(d[1]), leak(), down(d[1], d[2], norm == "none"),
        *norms(d[2]), leak(), nn.Flatten(), nn.Linear(d[2] * end**2, 1))
    fill(generator.parameters())
    fill(critic.parameters())
    return generator, critic


def in_our_order(block, norms, has_shortcut):
    """The parameters of a block as the test's networks list them."""
    layers = [block.b1, block.c1, block.b2, block.c2] if norms else [block.c1, block.c2]
    if has_shortcut:
        layers.append(block.c_sc)
    return [parameter for layer in layers for parameter in of_layer(layer)]


def of_layer(layer):
    return getattr(layer, "weight_orig", layer.weight), layer.bias


def mimicry(side, channels, spectral):
    from torch_mimicry.modules.resblocks import DBlock, DBlockOptimized, GBlock
    from torch_mimicry.modules.layers import SNLinear
    width, bottom, doublings = 4, *{32: (4, 3), 28: (7, 2)}[side]
    first, ups, norm, last = (nn.Linear(LATENT, width * bottom**2), [GBlock(width, width, upsample=True) for _ in range(doublings)],
                              nn.BatchNorm2d(width), nn.Conv2d(width, channels, 3, 1, 1))
    generator = nn.Sequential(first, nn.Unflatten(1, (width, bottom, bottom)), *ups, norm, nn.ReLU(), last, nn.Tanh())
    fill([first.weight, first.bias, *(p for up in ups for p in in_our_order(up, True, True)), norm.weight, norm.bias, last.weight,
          last.bias])
    downs = [DBlockOptimized(channels, width, spectral), DBlock(width, width, downsample=True, spectral_norm=spectral),
             DBlock(width, width, spectral_norm=spectral), DBlock(width, width, spectral_norm=spectral)]
    for down in downs:
        down.activation = nn.ReLU()

    class SumOverPixels(nn.Module):
        def forward(self, x):
            return x.sum(dim=(2, 3))

    head = SNLinear(width, 1) if spectral else nn.Linear(width, 1)
    critic = nn.Sequential(*downs, nn.ReLU(), SumOverPixels(), head)
    fill([*(p for i, down in enumerate(downs) for p in in_our_order(down, False, i < 2)), *of_layer(head)])
    if spectral:
        phase = 50
        for i, down in enumerate(downs):
            for layer in [down.c1, down.c2] + ([down.c_sc] if i < 2 else []):
                phase = start(layer, phase)
        start(head, phase)
    return generator, critic


def start(layer, phase):
    layer.weight_u.copy_(nn.functional.normalize(filled(layer.weight_u.shape, phase), dim=0))
    return phase + 1


CASES = {
    "dcgan": lambda: dcgan(28, 1, "batch"),
    "dcgan_layer": lambda: dcgan(28, 1, "layer"),
    "dcgan_32_without_norm": lambda: dcgan(32, 3, "none"),
    "infogan": lambda: lucic(28, 1, True),
    "infogan_without_norm": lambda: lucic(28, 1, False),
    "sngan_28": lambda: mimicry(28, 1, True),
    "sngan_32": lambda: mimicry(32, 3, True),
    "sngan_32_plain": lambda: mimicry(32, 3, False),
}


def shadows(x):
    """Two numbers of each example: products with fixed ones."""
    flat = x.flatten(1)
    return [(flat @ filled(flat.shape[1:], phase)).tolist() for phase in (11, 12)]


def run(make):
    generator, critic = make()
    z = filled((COUNT, LATENT), 0.3)
    with torch.no_grad():
        images = generator(z)
        real = filled(images.shape, 0.7)
        trained = {"images": shadows(images), "logits": critic(real).flatten().tolist()}
        generator.eval()
        critic.eval()
        return {**trained, "scored_images": shadows(generator(z)), "scored_logits": critic(real).flatten().tolist()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    # Its __init__ wants packages that its modules do not.
    package = types.ModuleType("torch_mimicry")
    package.__path__ = [str(pathlib.Path(sys.argv[1]) / "torch_mimicry")]
    sys.modules["torch_mimicry"] = package
    result = {name: run(make) for name, make in CASES.items()}
    text = json.dumps({"torch": torch.__version__.split("+")[0], **result}, indent=1)
    (HERE / "gan_networks_oracle.json").write_text(text + "\n")
