"""The step of GANs by PyTorch, for tests/families/gan_twin_test.cpp: ten steps of small perceptrons from fixed weights.

Writes gan_oracle.json beside this file: of each case the losses of every step, and the sums of all weights at the end.
Needs PyTorch (2.11 when it was written).
"""
import json
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.adam import adam as adam_of

from filled import filled

HERE = pathlib.Path(__file__).parent
STEPS, COUNT = 10, 8
CLASSES, CODES = 3, 3


def generator_of(inputs, normalised=True):
    norm = [nn.BatchNorm1d(8)] if normalised else []
    return nn.Sequential(nn.Linear(inputs, 8, bias=not normalised), *norm, nn.ReLU(), nn.Linear(8, 2))


def perceptron(inputs, outputs=1):
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 8), nn.LeakyReLU(0.2), nn.Linear(8, 8), nn.LeakyReLU(0.2),
                         nn.Linear(8, outputs))


class Critic(nn.Module):
    """The logits of examples x of classes y: with a projection (Miyato & Koyama 2018, eq. 4), or beside scores of the classes
    (Odena et al. 2017)."""

    def __init__(self, inputs, condition):
        super().__init__()
        self.layers = perceptron(inputs)
        if condition == "projection":
            self.embedding = nn.Embedding(CLASSES, 8)
        if condition == "ac_gan":
            self.classifier = nn.Linear(8, CLASSES)

    def features(self, x):
        return self.layers[:-1](x)

    def forward(self, x, y=None):
        features = self.features(x)
        logits = self.layers[-1](features)
        return logits + (self.embedding(y) * features).sum(1, keepdim=True) if hasattr(self, "embedding") else logits

    def cross_entropy(self, x, y):
        return F.cross_entropy(self.classifier(self.features(x)), y)


class Autoencoder(nn.Module):
    """BEGAN's discriminator; L is what it fails to give back of each value."""

    def __init__(self):
        super().__init__()
        # Batch normalisation would leave the codes' biases gradients of rounding alone, of which Adam makes whole steps.
        self.encoder, self.decoder = perceptron(2, CODES), generator_of(CODES, normalised=False)

    def forward(self, x):
        return self.decoder(self.encoder(x))

    def error(self, x):
        return F.l1_loss(self(x), x)


def fill(*networks):
    with torch.no_grad():
        for phase, parameter in enumerate(parameter for network in networks for parameter in network.parameters()):
            parameter.copy_(filled(parameter.shape, phase))


def normalise_spectrally(layers):
    for index in (1, 3, 5):
        nn.utils.spectral_norm(layers[index])
        for name, phase in (("weight_u", 20 + index), ("weight_v", 30 + index)):
            vector = getattr(layers[index], name)
            vector.copy_(F.normalize(filled(vector.shape, phase), dim=0))


def total(network):
    return sum(parameter.double().abs().sum().item() for parameter in network.parameters())


def slopes(critic, x):
    x = x.detach().requires_grad_()
    gradient, = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradient.flatten(1).norm(dim=1)


def between(real, generated, noise):
    share = torch.rand(real.shape[0], 1, generator=noise)
    return share * real + (1 - share) * generated


def around(real, noise):
    """As DRAGAN's authors perturb (github.com/kodalinaveen3/DRAGAN)."""
    share = torch.rand(real.shape[0], 1, generator=noise)
    return real + share * 0.5 * real.std(correction=0) * torch.rand(real.shape, generator=noise)


LOSSES = {
    "non_saturating": (lambda r, g: F.binary_cross_entropy_with_logits(r, torch.ones_like(r)) +
                       F.binary_cross_entropy_with_logits(g, torch.zeros_like(g)),
                       lambda r, g: F.binary_cross_entropy_with_logits(g, torch.ones_like(g))),
    "least_squares": (lambda r, g: (F.mse_loss(r, torch.ones_like(r)) + F.mse_loss(g, torch.zeros_like(g))) / 2,
                      lambda r, g: F.mse_loss(g, torch.ones_like(g)) / 2),
    "wasserstein": (lambda r, g: g.mean() - r.mean(), lambda r, g: -g.mean()),
    "hinge": (lambda r, g: F.relu(1 - r).mean() + F.relu(1 + g).mean(), lambda r, g: -g.mean()),
    "minimax": (lambda r, g: F.binary_cross_entropy_with_logits(r, torch.ones_like(r)) +
                F.binary_cross_entropy_with_logits(g, torch.zeros_like(g)),
                lambda r, g: -F.binary_cross_entropy_with_logits(g, torch.zeros_like(g))),
    "relativistic": (lambda r, g: F.softplus(g - r).mean(), lambda r, g: F.softplus(r - g).mean()),
}
PENALTIES = {
    "gradient_penalty": lambda critic, r, g, noise: ((slopes(critic, between(r, g, noise)) - 1) ** 2).mean(),
    "dragan": lambda critic, r, g, noise: ((slopes(critic, around(r, noise)) - 1) ** 2).mean(),
    "r1": lambda critic, r, g, noise: (slopes(critic, r) ** 2).mean() / 2,
    "r2": lambda critic, r, g, noise: (slopes(critic, g) ** 2).mean() / 2,
}


def adam(betas):
    return lambda network, rate: torch.optim.Adam(network.parameters(), rate, betas)


def rmsprop(alpha):
    return lambda network, rate: torch.optim.RMSprop(network.parameters(), rate, alpha)


def unrolled(critic, optimizer, steps, descent, loss):
    """The critic as it will be after so many more steps, with a graph (Metz et al. 2017, eq. 7 to 9): PyTorch's own Adam, where
    it can be differentiated, from the moments that it has, or gradient descent."""
    names, parameters = zip(*critic.named_parameters())
    settings, = optimizer.param_groups
    moments = [[optimizer.state[p][name].clone() for p in parameters] for name in ("exp_avg", "exp_avg_sq", "step")]
    ahead = [p.detach().clone().requires_grad_() for p in parameters]
    judge = lambda x: torch.func.functional_call(critic, dict(zip(names, ahead)), (x,))
    for _ in range(steps):
        gradients = torch.autograd.grad(loss(judge), ahead, create_graph=True)
        ahead = [p.clone() for p in ahead]
        if descent:
            ahead = [p - settings["lr"] * gradient for p, gradient in zip(ahead, gradients)]
        else:
            adam_of(ahead, list(gradients), *moments[:2], [], moments[2], foreach=False, differentiable=True,
                                  amsgrad=False, beta1=settings["betas"][0], beta2=settings["betas"][1], lr=settings["lr"],
                                  weight_decay=0.0, eps=settings["eps"], maximize=False)
    return judge


def run(loss, pack=1, penalties={}, interval=1, critic_steps=1, clip=0.0, spectral=False, optimizer=adam((0.5, 0.9)),
        condition=None, class_weights=(0.0, 0.0), together=False, unrolled_steps=0, descent=False):
    generator, critic = generator_of(2 + (CLASSES if condition else 0)), Critic(2 * pack, condition)
    fill(generator, critic)
    if spectral:
        with torch.no_grad():
            normalise_spectrally(critic.layers)
    of_generator, of_critic = optimizer(generator, 1e-2), optimizer(critic, 2e-2)
    critic_loss, generator_loss = LOSSES[loss]
    noise = torch.Generator().manual_seed(7)

    def draw():
        z = torch.randn(COUNT, 2, generator=noise)
        if not condition:
            return generator(z).reshape(-1, 2 * pack), None
        y = (torch.rand(COUNT, generator=noise) * CLASSES).long()
        return generator(torch.cat([z, F.one_hot(y, CLASSES)], 1)), y

    def teach(real, real_y, generated, y, row):
        of_generator.zero_grad()
        judge = lambda x, of: critic(x, of)
        if unrolled_steps:
            ahead = unrolled(critic, of_critic, unrolled_steps, descent, lambda at: critic_loss(at(real), at(generated)))
            judge = lambda x, of: ahead(x)
        value = generator_loss(judge(real, real_y) if loss == "relativistic" else None, judge(generated, y))
        row["generator_loss"] = value.item()
        if class_weights[1]:
            value = value + class_weights[1] * critic.cross_entropy(generated, y)
        value.backward(inputs=list(generator.parameters()))

    log = []
    for step in range(STEPS):
        real, real_y = filled((COUNT // pack, 2 * pack), 0.37 * step), (torch.arange(COUNT) + step) % CLASSES
        generated, y = draw()
        row = {}
        if together:
            teach(real, real_y, generated, y, row)
        of_critic.zero_grad()
        value = critic_loss(critic(real, real_y), critic(generated.detach(), y))
        row["discriminator_loss"] = value.item()
        if class_weights[0]:
            of_real, of_generated = critic.cross_entropy(real, real_y), critic.cross_entropy(generated.detach(), y)
            value = value + class_weights[0] * (of_real + of_generated)
            row |= {"class_real_loss": of_real.item(), "class_generated_loss": of_generated.item()}
        if step % interval == 0:
            for name, weight in penalties.items():
                # What lies between has the real one's class, as in the code of Kang et al. 2023 (PyTorch-StudioGAN).
                classes = y if name == "r2" else real_y
                term = weight * PENALTIES[name](lambda x: critic(x, classes), real, generated.detach(), noise)
                value = value + interval * term
                row[name] = term.item()
        value.backward()
        of_critic.step()
        if clip:
            with torch.no_grad():
                for parameter in critic.parameters():
                    parameter.clamp_(-clip, clip)
        if (step + 1) % critic_steps == 0:
            if not together:
                teach(real, real_y, *((generated, y) if critic_steps == 1 else draw()), row)
            of_generator.step()
        log.append(row)
    return {"steps": log, "generator": total(generator), "discriminator": total(critic)}


def began(gamma, rate):
    """Berthelot et al. 2017, sec. 3.4; both losses of one batch of latents."""
    generator, critic = generator_of(2, normalised=False), Autoencoder()
    fill(generator, critic)
    of_generator, of_critic = (adam((0.5, 0.9))(*pair) for pair in ((generator, 1e-2), (critic, 2e-2)))
    noise, k, log = torch.Generator().manual_seed(7), 0.0, []
    for step in range(STEPS):
        real, generated = filled((COUNT, 2), 0.37 * step), generator(torch.randn(COUNT, 2, generator=noise))
        of_critic.zero_grad()
        of_real, of_generated = critic.error(real), critic.error(generated.detach())
        value = of_real - k * of_generated
        value.backward()
        of_critic.step()
        gap = (gamma * of_real - of_generated).item()
        row = {"discriminator_loss": value.item(), "equilibrium_k": k, "convergence_measure": of_real.item() + abs(gap)}
        k = min(max(k + rate * gap, 0.0), 1.0)
        of_generator.zero_grad()
        value = critic.error(generated)
        value.backward()
        of_generator.step()
        log.append(row | {"generator_loss": value.item()})
    return {"steps": log, "generator": total(generator), "discriminator": total(critic), "equilibrium": k}


CASES = {
    "plain": dict(loss="non_saturating"),
    "least_squares_packed": dict(loss="least_squares", pack=2),
    "wgan_gp": dict(loss="wasserstein", penalties={"gradient_penalty": 10.0}, critic_steps=2),
    "wgan_clipped": dict(loss="wasserstein", clip=0.3, critic_steps=2, optimizer=rmsprop(0.99)),
    "hinge_spectral": dict(loss="hinge", spectral=True),
    "r3gan_lazy": dict(loss="relativistic", penalties={"r1": 0.5, "r2": 0.25}, interval=3),
    "dragan": dict(loss="non_saturating", penalties={"dragan": 10.0}),
    "minimax_together": dict(loss="minimax", together=True),
    "projection": dict(loss="hinge", condition="projection", penalties={"r2": 0.5}),
    "projection_wgan_gp": dict(loss="wasserstein", condition="projection", penalties={"gradient_penalty": 10.0}, critic_steps=2),
    "ac_gan": dict(loss="non_saturating", condition="ac_gan", class_weights=(0.5, 0.25)),
    "unrolled": dict(loss="non_saturating", unrolled_steps=3),
    "unrolled_descent": dict(loss="minimax", unrolled_steps=2, descent=True),
}


if __name__ == "__main__":
    torch.set_num_threads(1)
    result = {name: run(**case) for name, case in CASES.items()} | {"began": began(0.9, 4.0)}
    (HERE / "gan_oracle.json").write_text(json.dumps({"torch": torch.__version__.split("+")[0], **result}, indent=1) + "\n")
