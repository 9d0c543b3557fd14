"""The step of GANs by PyTorch, for tests/families/gan_twin_test.cpp: ten steps of small perceptrons from fixed weights.

Writes gan_oracle.json beside this file: of each case the losses of every step, and the sums of all weights at the end.
Needs PyTorch (2.11 when it was written).
"""
import json
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

from filled import filled

HERE = pathlib.Path(__file__).parent
STEPS, COUNT = 10, 8


def networks(pack, spectral):
    generator = nn.Sequential(nn.Linear(2, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    critic = nn.Sequential(nn.Flatten(), nn.Linear(2 * pack, 8), nn.LeakyReLU(0.2), nn.Linear(8, 8), nn.LeakyReLU(0.2),
                           nn.Linear(8, 1))
    with torch.no_grad():
        for phase, parameter in enumerate([*generator.parameters(), *critic.parameters()]):
            parameter.copy_(filled(parameter.shape, phase))
        if spectral:
            for index in (1, 3, 5):
                nn.utils.spectral_norm(critic[index])
                for name, phase in (("weight_u", 20 + index), ("weight_v", 30 + index)):
                    vector = getattr(critic[index], name)
                    vector.copy_(F.normalize(filled(vector.shape, phase), dim=0))
    return generator, critic


def slopes(critic, x):
    x = x.detach().requires_grad_()
    gradient, = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradient.flatten(1).norm(dim=1)


def between(real, generated, noise):
    share = torch.rand(real.shape[0], 1, generator=noise)
    return share * real + (1 - share) * generated


LOSSES = {
    "non_saturating": (lambda r, g: F.binary_cross_entropy_with_logits(r, torch.ones_like(r)) +
                       F.binary_cross_entropy_with_logits(g, torch.zeros_like(g)),
                       lambda r, g: F.binary_cross_entropy_with_logits(g, torch.ones_like(g))),
    "least_squares": (lambda r, g: (F.mse_loss(r, torch.ones_like(r)) + F.mse_loss(g, torch.zeros_like(g))) / 2,
                      lambda r, g: F.mse_loss(g, torch.ones_like(g)) / 2),
    "wasserstein": (lambda r, g: g.mean() - r.mean(), lambda r, g: -g.mean()),
    "hinge": (lambda r, g: F.relu(1 - r).mean() + F.relu(1 + g).mean(), lambda r, g: -g.mean()),
    "relativistic": (lambda r, g: F.softplus(g - r).mean(), lambda r, g: F.softplus(r - g).mean()),
}
PENALTIES = {
    "gradient_penalty": lambda critic, r, g, noise: ((slopes(critic, between(r, g, noise)) - 1) ** 2).mean(),
    "r1": lambda critic, r, g, noise: (slopes(critic, r) ** 2).mean() / 2,
    "r2": lambda critic, r, g, noise: (slopes(critic, g) ** 2).mean() / 2,
}


def adam(betas):
    return lambda network, rate: torch.optim.Adam(network.parameters(), rate, betas)


def rmsprop(alpha):
    return lambda network, rate: torch.optim.RMSprop(network.parameters(), rate, alpha)


CASES = {
    "plain": dict(loss="non_saturating"),
    "least_squares_packed": dict(loss="least_squares", pack=2),
    "wgan_gp": dict(loss="wasserstein", penalties={"gradient_penalty": 10.0}, critic_steps=2),
    "wgan_clipped": dict(loss="wasserstein", clip=0.3, critic_steps=2, optimizer=rmsprop(0.99)),
    "hinge_spectral": dict(loss="hinge", spectral=True),
    "r3gan_lazy": dict(loss="relativistic", penalties={"r1": 0.5, "r2": 0.25}, interval=3),
}


def run(loss, pack=1, penalties={}, interval=1, critic_steps=1, clip=0.0, spectral=False, optimizer=adam((0.5, 0.9))):
    generator, critic = networks(pack, spectral)
    of_generator, of_critic = optimizer(generator, 1e-2), optimizer(critic, 2e-2)
    critic_loss, generator_loss = LOSSES[loss]
    noise = torch.Generator().manual_seed(7)
    draw = lambda: generator(torch.randn(COUNT, 2, generator=noise)).reshape(-1, 2 * pack)
    log = []
    for step in range(STEPS):
        real = filled((COUNT // pack, 2 * pack), 0.37 * step)
        generated = draw()
        of_critic.zero_grad()
        value = critic_loss(critic(real), critic(generated.detach()))
        row = {"discriminator_loss": value.item()}
        if step % interval == 0:
            for name, weight in penalties.items():
                term = weight * PENALTIES[name](critic, real, generated.detach(), noise)
                value = value + interval * term
                row[name] = term.item()
        value.backward()
        of_critic.step()
        if clip:
            with torch.no_grad():
                for parameter in critic.parameters():
                    parameter.clamp_(-clip, clip)
        if (step + 1) % critic_steps == 0:
            judged = generated if critic_steps == 1 else draw()
            of_generator.zero_grad()
            on_generated = critic(judged)
            value = generator_loss(critic(real) if loss == "relativistic" else None, on_generated)
            value.backward()
            of_generator.step()
            row["generator_loss"] = value.item()
        log.append(row)
    total = lambda network: sum(parameter.double().abs().sum().item() for parameter in network.parameters())
    return {"steps": log, "generator": total(generator), "discriminator": total(critic)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    result = {name: run(**case) for name, case in CASES.items()}
    (HERE / "gan_oracle.json").write_text(json.dumps({"torch": torch.__version__.split("+")[0], **result}, indent=1) + "\n")
