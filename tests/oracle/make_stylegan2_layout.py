"""StyleGAN2 of random weights under its authors' names, and what it makes, for tests/harness/network_files_test.cpp.

Written anew from Karras et al. 2020 and the names, shapes and order of layers in NVlabs/stylegan2-ada-pytorch
(training/networks.py): weights as they are learned, multiplied by 1/sqrt(fan in) (and .01 in the mapping) at each use;
transposed convolutions where a layer doubles the side; noise_const as noise. 8x8 grey images, 4 channels, a mapping of two layers.
Writes stylegan2_generator.pth, stylegan2_discriminator.pth, by ci/convert_weights.py --stylegan2 their .safetensors, and
stylegan2_layout.json beside this file. Needs PyTorch (2.11 when it was written).
"""
import json
import math
import pathlib
import sys

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "ci"))
import convert_weights  # noqa: E402

Z, W, C, N = 6, 5, 4, 4
taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
FILTER = torch.outer(taps, taps) / 64
source = torch.Generator().manual_seed(20)


def drawn(*shape, scale=1.0, shift=0.0):
    return torch.randn(shape, generator=source) * scale + shift


def leaky(x):
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def filtered(x, pads, gain=1.0, up=1, down=1):
    n, c, h, w = x.shape
    x = F.pad(x.reshape(n, c, h, 1, w, 1), [0, up - 1, 0, 0, 0, up - 1]).reshape(n, c, h * up, w * up)
    x = F.pad(x, [pads[0], pads[1], pads[0], pads[1]])
    return F.conv2d(x, (FILTER * gain).flip(0, 1).expand(c, 1, 4, 4), stride=down, groups=c)


def linear(state, name, x, rate=1.0):
    weight = state[f"{name}.weight"]
    return F.linear(x, weight * (rate / math.sqrt(weight.shape[1])), state[f"{name}.bias"] * rate)


def conv(state, name, x, down=1):
    weight, bias = state[f"{name}.weight"], state.get(f"{name}.bias")
    weight = weight / math.sqrt(weight[0].numel())
    if down == 1:
        return F.conv2d(x, weight, bias, padding=weight.shape[2] // 2)
    if weight.shape[2] == 1:
        return F.conv2d(filtered(x, (1, 1), down=2), weight, bias)
    return F.conv2d(filtered(x, (2, 2)), weight, bias, stride=2)


def generator_state():
    state = {"mapping.w_avg": drawn(W, scale=0.3)}
    for i, width in enumerate((Z, W)):
        state[f"mapping.fc{i}.weight"], state[f"mapping.fc{i}.bias"] = drawn(W, width, scale=100), drawn(W, scale=10)
    state["synthesis.b4.const"] = drawn(C, 4, 4)
    for name, side in (("b4.conv1", 4), ("b8.conv0", 8), ("b8.conv1", 8)):
        layer = f"synthesis.{name}"
        state[f"{layer}.affine.weight"], state[f"{layer}.affine.bias"] = drawn(C, W), drawn(C, scale=0.3, shift=1)
        state[f"{layer}.weight"], state[f"{layer}.bias"] = drawn(C, C, 3, 3), drawn(C, scale=0.3)
        state[f"{layer}.noise_strength"], state[f"{layer}.noise_const"] = drawn(scale=0.5), drawn(side, side)
        state[f"{layer}.resample_filter"] = FILTER.clone()
    for side in (4, 8):
        layer = f"synthesis.b{side}.torgb"
        state[f"{layer}.affine.weight"], state[f"{layer}.affine.bias"] = drawn(C, W), drawn(C, scale=0.3, shift=1)
        state[f"{layer}.weight"], state[f"{layer}.bias"] = drawn(1, C, 1, 1, scale=0.06), drawn(1, scale=0.05)
        state[f"synthesis.b{side}.resample_filter"] = FILTER.clone()
    return state


def styled(state, name, x, w, doubles=False):
    styles, weight = linear(state, f"{name}.affine", w), state[f"{name}.weight"]
    of_each = weight[None] * styles[:, None, :, None, None]
    of_each = of_each * (of_each.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    rows = []
    for image, filters in zip(x, of_each):
        if doubles:
            rows.append(filtered(F.conv_transpose2d(image[None], filters.transpose(0, 1), stride=2), (1, 1), gain=4.0))
        else:
            rows.append(F.conv2d(image[None], filters, padding=1))
    y = torch.cat(rows) + state[f"{name}.noise_const"] * state[f"{name}.noise_strength"]
    return leaky(y + state[f"{name}.bias"][:, None, None])


def to_image(state, name, x, w):
    weight = state[f"{name}.weight"]
    styles = linear(state, f"{name}.affine", w) / math.sqrt(weight.shape[1])
    y = torch.einsum("nihw,oi,ni->nohw", x, weight[:, :, 0, 0], styles)
    return y + state[f"{name}.bias"][:, None, None]


def generate(state, z, truncation):
    w = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
    for i in range(2):
        w = leaky(linear(state, f"mapping.fc{i}", w, rate=0.01))
    w = state["mapping.w_avg"].lerp(w, truncation)
    x = styled(state, "synthesis.b4.conv1", state["synthesis.b4.const"].expand(len(z), -1, -1, -1), w)
    image = to_image(state, "synthesis.b4.torgb", x, w)
    x = styled(state, "synthesis.b8.conv0", x, w, doubles=True)
    x = styled(state, "synthesis.b8.conv1", x, w)
    return filtered(image, (2, 1), gain=4.0, up=2) + to_image(state, "synthesis.b8.torgb", x, w)


def discriminator_state():
    layers = {"b8.fromrgb": (C, 1, 1, 1), "b8.conv0": (C, C, 3, 3), "b8.conv1": (C, C, 3, 3), "b8.skip": (C, C, 1, 1),
              "b4.conv": (C, C + 1, 3, 3), "b4.fc": (C, 16 * C), "b4.out": (1, C)}
    state = {}
    for name, shape in layers.items():
        state[f"{name}.weight"] = drawn(*shape)
        if name != "b8.skip":
            state[f"{name}.bias"] = drawn(shape[0], scale=0.3)
        if name.startswith("b8."):
            state[f"{name}.resample_filter"] = FILTER.clone()
    return state


def judge(state, x):
    x = leaky(conv(state, "b8.fromrgb", x))
    beside = conv(state, "b8.skip", x, down=2)
    x = leaky(conv(state, "b8.conv1", leaky(conv(state, "b8.conv0", x)), down=2))
    x = (x + beside) * math.sqrt(0.5)
    spread = (x.var(0, unbiased=False) + 1e-8).sqrt().mean()  # one group of all four
    x = torch.cat([x, spread.expand(len(x), 1, 4, 4)], 1)
    x = leaky(conv(state, "b4.conv", x)).flatten(1)
    return linear(state, "b4.out", leaky(linear(state, "b4.fc", x)))


def main():
    states = {"generator": generator_state(), "discriminator": discriminator_state()}
    for name, state in states.items():
        file = HERE / f"stylegan2_{name}.pth"
        torch.save(state, file)
        result, _ = convert_weights.convert(file.read_bytes(), stylegan2=True)
        file.with_suffix(".safetensors").write_bytes(result)
    z, x = drawn(N, Z), drawn(N, 1, 8, 8)
    numbers = {"z": z, "images": generate(states["generator"], z, 1.0), "truncated": generate(states["generator"], z, 0.5),
               "x": x, "logits": judge(states["discriminator"], x)}
    assert numbers["images"].abs().max() < 1 and numbers["images"].std() > 0.1
    rounded = {name: [float(f"{value:.8g}") for value in tensor.flatten().tolist()] for name, tensor in numbers.items()}
    (HERE / "stylegan2_layout.json").write_text(json.dumps(rounded) + "\n")


if __name__ == "__main__":
    main()
