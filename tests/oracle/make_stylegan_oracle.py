"""StyleGAN and StyleGAN2 by PyTorch, for tests/families/stylegan_twin_test.cpp: images and logits of fixed weights, and ten steps.

Written from the papers' equations (Karras et al. 2019; Karras et al. 2020) and the layers of the authors' code
(github.com/NVlabs/stylegan, stylegan2-ada-pytorch): each example is convolved with weights of its own, and every filter is spelled
out. Weights go by the names that the networks give them; their values follow from the place of the name in alphabetical order.
Writes stylegan_oracle.json beside this file. Needs PyTorch (2.11 when it was written).
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

from filled import filled

HERE = pathlib.Path(__file__).parent
STEPS, COUNT, LATENT, STYLE, SIDES, IMAGE = 10, 8, 5, 6, (4, 8, 16), 2
CHANNELS = {4: 8, 8: 8, 16: 4}
CLASSES, EMBEDDING = 3, 7


def shapes(kind, classes, demodulated, skips, residual, group, embeds):
    """The weights of both networks by name."""
    g, d = {}, {}
    inner = LATENT
    if classes:
        g |= {"mapping.embed.weight": (STYLE, classes), "mapping.embed.bias": (STYLE,)}
        inner += STYLE
    for i in range(2):
        g |= {f"mapping.fc{i}.weight": (STYLE, inner), f"mapping.fc{i}.bias": (STYLE,)}
        inner = STYLE
    before = None
    for side in SIDES:
        c, block = CHANNELS[side], f"synthesis.b{side}"
        if before is None:
            g[f"{block}.const"] = (c, side, side)
        for layer in ("conv0", "conv1"):
            if kind == "stylegan2" and layer == "conv0" and before is None:
                continue
            into = before if layer == "conv0" else c
            name = f"{block}.{layer}"
            if into is not None:
                g[f"{name}.weight"] = (c, into, 3, 3)
            styles = into if kind == "stylegan2" else 2 * c
            strength = () if kind == "stylegan2" else (c,)
            g |= {f"{name}.affine.weight": (styles, STYLE), f"{name}.affine.bias": (styles,), f"{name}.bias": (c,),
                  f"{name}.noise_strength": strength, f"{name}.noise_const": (side, side)}
        if kind == "stylegan2" and (skips or side == SIDES[-1]):
            g |= {f"{block}.torgb.weight": (IMAGE, c, 1, 1), f"{block}.torgb.bias": (IMAGE,),
                  f"{block}.torgb.affine.weight": (c, STYLE), f"{block}.torgb.affine.bias": (c,)}
        before = c
    if kind == "stylegan":
        g |= {"synthesis.torgb.weight": (IMAGE, before, 1, 1), "synthesis.torgb.bias": (IMAGE,)}
    c = CHANNELS[SIDES[-1]]
    d |= {"fromrgb.weight": (c, IMAGE, 1, 1), "fromrgb.bias": (c,)}
    for side in SIDES[:0:-1]:
        following = CHANNELS[side // 2]
        d |= {f"b{side}.conv0.weight": (c, c, 3, 3), f"b{side}.conv0.bias": (c,), f"b{side}.conv1.weight": (following, c, 3, 3),
              f"b{side}.conv1.bias": (following,)}
        if residual:
            d[f"b{side}.skip.weight"] = (following, c, 1, 1)
        c = following
    d |= {"conv.weight": (c, c + (group > 0), 3, 3), "conv.bias": (c,), "fc.weight": (c, c * SIDES[0]**2), "fc.bias": (c,),
          "out.weight": (EMBEDDING if embeds else 1, c), "out.bias": (EMBEDDING if embeds else 1,)}
    if embeds:
        d |= {"class_head.0.weight": (EMBEDDING, classes), "class_head.0.bias": (EMBEDDING,)}
    elif classes:
        d["class_head.0.weight"] = (classes, c)
    return g, d


def start(of):
    """Values by the place of the name; of about the size that the networks start with."""
    weights = {}
    for phase, name in enumerate(sorted(of)):
        large = name.endswith(("weight", "const"))
        scale = (1.4 if large else 0.3) * (100.0 if name.startswith("mapping.fc") else 1.0)
        weights[name] = filled(of[name], phase, scale).requires_grad_(not name.endswith("noise_const"))
    return weights


def scaled(w, rate=1.0):
    return w * rate / math.sqrt(w[0].numel())


def leaky(x):
    return math.sqrt(2) * F.leaky_relu(x, 0.2)


def linear(w, name, x, rate=1.0):
    return x @ scaled(w[name + ".weight"], rate).T + rate * w[name + ".bias"]


def filtered(x, taps, gain=1.0):
    """Each channel filtered, where the filter lies inside."""
    taps = torch.tensor(taps, dtype=x.dtype)
    kernel = gain * torch.outer(taps, taps) / taps.sum()**2
    return F.conv2d(x.flatten(0, 1)[:, None], kernel[None, None]).unflatten(0, x.shape[:2])[:, :, 0]


def spread(x):
    """A zero behind each pixel of each row and column."""
    wide = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    wide[:, :, ::2, ::2] = x
    return wide


def to_styles(w, z, classes):
    unit = lambda x: x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt()
    x = unit(z[:, :LATENT])
    if classes:
        x = torch.cat([x, unit(linear(w, "mapping.embed", z[:, LATENT:]))], 1)
    for i in range(2):
        x = leaky(linear(w, f"mapping.fc{i}", x, 0.01))
    return x


def modulated(x, weight, styles, demodulated, doubles=False):
    out = []
    for example, style in zip(x, styles):
        own = scaled(weight) * style[None, :, None, None]
        if demodulated:
            own = own / (own.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if doubles:
            # A convolution, whose taps run backwards, then the low-pass filter.
            wide = F.conv2d(F.pad(spread(example[None]), (2, 1, 2, 1)), own.flip(2, 3))
            out.append(filtered(F.pad(wide, (1, 1, 1, 1)), (1., 3., 3., 1.), 4.0))
        else:
            out.append(F.conv2d(example[None], own, padding=own.shape[2] // 2))
    return torch.cat(out)


def synthesise2(w, styles, noise, demodulated, skips):
    image, at = None, 0
    for side in SIDES:
        block = f"synthesis.b{side}"
        for layer in ("conv0", "conv1"):
            name = f"{block}.{layer}"
            if name + ".weight" not in w:
                x = w[f"{block}.const"].expand(len(styles[0]), -1, -1, -1)
                continue
            x = modulated(x, w[name + ".weight"], linear(w, name + ".affine", styles[at]), demodulated, layer == "conv0")
            x = x + w[name + ".noise_strength"] * noise(w[name + ".noise_const"])
            x = leaky(x + w[name + ".bias"][:, None, None])
            at += 1
        if f"{block}.torgb.weight" in w:
            shown = modulated(x, w[f"{block}.torgb.weight"], linear(w, f"{block}.torgb.affine", styles[at]), False)
            shown = shown + w[f"{block}.torgb.bias"][:, None, None]
            if image is not None:
                shown = shown + filtered(F.pad(spread(image), (2, 1, 2, 1)), (1., 3., 3., 1.), 4.0)
            image = shown
    return image


def synthesise1(w, styles, noise):
    at = 0
    for side in SIDES:
        block = f"synthesis.b{side}"
        for layer in ("conv0", "conv1"):
            name = f"{block}.{layer}"
            if name + ".weight" not in w:
                x = w[f"{block}.const"].expand(len(styles[0]), -1, -1, -1)
            else:
                if layer == "conv0":
                    x = F.interpolate(x, scale_factor=2, mode="nearest")
                x = F.conv2d(x, scaled(w[name + ".weight"]), padding=1)
                if layer == "conv0":
                    x = filtered(F.pad(x, (1, 1, 1, 1)), (1., 2., 1.))
            x = x + w[name + ".noise_strength"][:, None, None] * noise(w[name + ".noise_const"])
            x = leaky(x + w[name + ".bias"][:, None, None])
            x = F.instance_norm(x, eps=1e-8)
            scale, shift = linear(w, name + ".affine", styles[at]).chunk(2, 1)
            x = x * (scale + 1)[:, :, None, None] + shift[:, :, None, None]
            at += 1
    return F.conv2d(x, scaled(w["synthesis.torgb.weight"]), w["synthesis.torgb.bias"])


def features(w, x, residual, group):
    conv = lambda name, x, **how: F.conv2d(x, scaled(w[name + ".weight"]), w.get(name + ".bias"), **how)
    x = leaky(conv("fromrgb", x))
    for side in SIDES[:0:-1]:
        y = leaky(conv(f"b{side}.conv0", x, padding=1))
        y = leaky(conv(f"b{side}.conv1", filtered(F.pad(y, (2, 2, 2, 2)), (1., 3., 3., 1.)), stride=2))
        if residual:
            y = (y + conv(f"b{side}.skip", filtered(F.pad(x, (1, 1, 1, 1)), (1., 3., 3., 1.))[:, :, ::2, ::2])) / math.sqrt(2)
        x = y
    if group:
        groups = len(x) // group
        values = [x[i % groups::groups].var(0, correction=0).add(1e-8).sqrt().mean() for i in range(len(x))]
        x = torch.cat([x, torch.stack(values)[:, None, None, None].expand(-1, 1, *x.shape[2:])], 1)
    x = leaky(conv("conv", x, padding=1))
    return leaky(linear(w, "fc", x.flatten(1)))


def logits(w, x, y, residual, group):
    f = features(w, x, residual, group)
    value = linear(w, "out", f)
    if "class_head.0.bias" in w:
        e = linear(w, "class_head.0", y)
        return (value * e / (e.square().mean(1, keepdim=True) + 1e-8).sqrt()).sum(1, keepdim=True) / math.sqrt(EMBEDDING)
    return value + ((f @ scaled(w["class_head.0.weight"]).T) * y).sum(1, keepdim=True) if y is not None else value


def shadows(x):
    """Two numbers of each example: products with fixed ones."""
    flat = x.flatten(1)
    return [(flat @ filled(flat.shape[1:], phase)).tolist() for phase in (11, 12)]


def run(kind, classes=0, demodulated=True, skips=True, residual=True, group=4, path_length=0.0, embeds=False, apart=False):
    of_generator, of_critic = (start(of) for of in shapes(kind, classes, demodulated, skips, residual, group, embeds))
    one_hot = lambda labels: F.one_hot(labels, classes).float() if classes else None

    def synthesise(styles, noise):
        return synthesise2(of_generator, styles, noise, demodulated, skips) if kind == "stylegan2" else synthesise1(
            of_generator, styles, noise)

    judge = lambda x, y: logits(of_critic, x, y, residual, group)
    joined = lambda z, y: z if y is None else torch.cat([z, y], 1)
    labels = torch.arange(COUNT) % CLASSES
    with torch.no_grad():
        z = joined(filled((COUNT, LATENT), 0.3), one_hot(labels))
        images = synthesise([to_styles(of_generator, z, classes)] * 6, lambda image: image)
        result = {"images": shadows(images), "logits": judge(filled(images.shape, 0.7), one_hot(labels)).flatten().tolist()}
    parameters = [[w for w in weights.values() if w.requires_grad] for weights in (of_generator, of_critic)]
    # Of k updates that a penalty of its own makes k + 1.
    shares = [k / (k + 1) if apart else 1.0 for k in (4, 2)]
    optimizers = [torch.optim.Adam(of, 2e-3 * c, (0.0, 0.99**c)) for of, c in zip(parameters, shares)]

    def update(network, *losses):
        optimizers[network].zero_grad()
        for loss in losses:
            loss.backward(inputs=parameters[network])
        for w in parameters[network]:
            if w.grad is None:
                w.grad = torch.zeros_like(w)
        optimizers[network].step()

    noise = torch.Generator().manual_seed(7)
    normal = lambda *sizes: torch.randn(*sizes, generator=noise)

    def draw(count):
        """Images of styles [N,L,W], which are mixed, of classes y."""
        z = normal(count, LATENT)
        y = one_hot((torch.rand(count, generator=noise) * CLASSES).long()) if classes else None
        cut, mixes = torch.rand(2, generator=noise).tolist()
        first, second = (to_styles(of_generator, joined(x, y), classes) for x in (z, normal(count, LATENT)))
        cut = 1 + math.floor(5 * cut) if mixes < 0.9 else 6
        w = torch.stack([first if layer < cut else second for layer in range(6)], 1)
        return synthesise(w.unbind(1), lambda image: normal(count, 1, *image.shape)), w, y

    mean_length, log = torch.zeros(()), []
    for step in range(STEPS):
        real, real_y = filled((COUNT, IMAGE, 16, 16), 0.37 * step), one_hot((torch.arange(COUNT) + step) % CLASSES)
        generated, _, y = draw(COUNT)
        loss = (F.softplus(-judge(real, real_y)) + F.softplus(judge(generated.detach(), y))).mean()
        row, losses = {"discriminator_loss": loss.item()}, [loss]
        if apart:
            update(1, losses.pop())
        if step % 2 == 0:
            seen = real.clone().requires_grad_()
            slope, = torch.autograd.grad(judge(seen, real_y).sum(), seen, create_graph=True)
            penalty = 400 / 2 * slope.square().sum((1, 2, 3)).mean()
            row["r1"] = penalty.item()
            losses.append(2 * penalty)
        if losses:
            update(1, *losses)
        losses = [F.softplus(-judge(generated, y)).mean()]
        row["generator_loss"] = losses[0].item()
        if apart:
            update(0, losses.pop())
        if path_length and step % 4 == 0:
            # Of half a batch, four times as heavy.
            images, w, _ = draw(COUNT // 2)
            directions = normal(*images.shape) / math.sqrt(images.shape[2] * images.shape[3])
            slope, = torch.autograd.grad((images * directions).sum(), w, create_graph=True)
            lengths = slope.square().sum(2).mean(1).sqrt()
            mean = mean_length + 0.01 * (lengths.mean() - mean_length)
            penalty = path_length * (lengths - mean).square().mean()
            row |= {"path_length": penalty.item(), "path_length_mean": mean.item()}
            mean_length = mean.detach()
            losses.append(4 * penalty)
        if losses:
            update(0, *losses)
        log.append(row)
    size = lambda of: sum(w.detach().double().abs().sum().item() for w in of)
    return {**result, "steps": log, "generator": size(parameters[0]), "discriminator": size(parameters[1])}


CASES = {
    "stylegan2": dict(kind="stylegan2"),
    "stylegan2_path_length": dict(kind="stylegan2", path_length=2.0),
    "stylegan2_apart": dict(kind="stylegan2", path_length=2.0, apart=True),
    "stylegan2_plain": dict(kind="stylegan2", demodulated=False, skips=False, residual=False, group=0),
    "stylegan2_projection": dict(kind="stylegan2", classes=CLASSES),
    "stylegan2_embedding": dict(kind="stylegan2", classes=CLASSES, embeds=True),
    "stylegan": dict(kind="stylegan", residual=False),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    result = {name: run(**case) for name, case in CASES.items()}
    text = json.dumps({"torch": torch.__version__.split("+")[0], **result}, indent=1)
    (HERE / "stylegan_oracle.json").write_text(text + "\n")
