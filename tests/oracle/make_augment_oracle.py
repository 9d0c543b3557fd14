"""What the discriminator sees of fixed images, by PyTorch, for tests/families/gan_augment_test.cpp.

DiffAugment after DiffAugment_pytorch.py (mit-han-lab/data-efficient-gans, 0b63395) and adaptive augmentation after training/augment.py
(NVlabs/stylegan2-ada-pytorch, d72cc7d), written anew from what they do: draws are given, matrices are NumPy's in f64,
pixels are read by torch's own reflecting pad, convolutions and grid_sample. Writes augment_oracle.json beside this file.
Needs PyTorch (2.11 when it was written).
"""
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
SYM6 = [0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
        0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
        0.0017677118642428036, -0.007800708325034148]


def filled(shape, phase, scale=0.6):
    return scale * torch.sin(1.7 * torch.arange(int(np.prod(shape)), dtype=torch.float64) + phase).reshape(shape)


def u_of(count, phase):
    """Numbers in [0, 1), as the test forms them."""
    return (filled((count,), phase) + 0.6) / 1.2000001


# DiffAugment.

def diff_augment(x, u):
    n, _, h, w = x.shape
    out = {"brightness": x + (u[0] - 0.5).view(n, 1, 1, 1)}
    mean = x.mean(dim=1, keepdim=True)
    out["saturation"] = (x - mean) * (2 * u[1]).view(n, 1, 1, 1) + mean
    mean = x.mean(dim=[1, 2, 3], keepdim=True)
    out["contrast"] = (x - mean) * (u[2] + 0.5).view(n, 1, 1, 1) + mean
    moved, cut = torch.zeros_like(x), x.clone()
    for i in range(n):
        down, right = [int(np.floor(float(u[k][i]) * (2 * int(s / 8 + 0.5) + 1))) - int(s / 8 + 0.5)
                       for k, s in ((3, h), (4, w))]
        padded = F.pad(x[i], [w, w, h, h])
        moved[i] = padded[:, h - down:2 * h - down, w - right:2 * w - right]
        boxes = []
        for k, s in ((5, h), (6, w)):
            box = int(s / 2 + 0.5)
            middle = int(np.floor(float(u[k][i]) * (s + 1 - box % 2)))
            boxes.append(np.unique(np.clip(np.arange(box) + middle - box // 2, 0, s - 1)))
        cut[i, :, boxes[0][0]:boxes[0][-1] + 1, boxes[1][0]:boxes[1][-1] + 1] = 0
    return {**out, "translation": moved, "cutout": cut}


# Adaptive augmentation: matrices of one image.

def moving(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def turning(a):
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])


def sources(d, h, w):
    """The inverse of: flip, quarter turns, whole shift, scale, turn, stretch, turn, shift."""
    forward = np.diag([1.0 - 2 * d["flip"], 1, 1])
    forward = turning(-np.pi / 2 * d["quarters"]) @ forward
    forward = moving(np.round(d["whole"][0] * w), np.round(d["whole"][1] * h)) @ forward
    forward = np.diag([d["scale"], d["scale"], 1]) @ forward
    forward = turning(-d["before"]) @ forward
    forward = np.diag([d["stretch"], 1 / d["stretch"], 1]) @ forward
    forward = turning(-d["after"]) @ forward
    forward = moving(d["shift"][0] * w, d["shift"][1] * h) @ forward
    return np.linalg.inv(forward)


def colours(d, grey):
    v = np.array([1, 1, 1]) / np.sqrt(3)
    c = np.eye(4)
    c[:3, 3] = d["brightness"]
    c = np.diag([d["contrast"]] * 3 + [1]) @ c

    def apply(m):
        full = np.eye(4)
        full[:3, :3] = m
        return full @ c
    c = apply(np.eye(3) - 2 * d["luma_flip"] * np.outer(v, v))
    if grey:
        return c
    cross = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    c = apply(np.cos(d["hue"]) * np.eye(3) + np.sin(d["hue"]) * cross + (1 - np.cos(d["hue"])) * np.outer(v, v))
    return apply(np.outer(v, v) + d["saturation"] * (np.eye(3) - np.outer(v, v)))


def filtered(x, taps):
    """Convolved along both axes, where the filter lies inside."""
    k = torch.as_tensor(taps, dtype=torch.float64).flip(0).view(1, 1, 1, -1).expand(x.shape[1], 1, 1, -1)
    x = F.conv2d(x, k, groups=x.shape[1])
    return F.conv2d(x, k.transpose(2, 3), groups=x.shape[1])


def transformed(x, maps):
    n, c, h, w = x.shape
    taps = np.array(SYM6) / np.sum(SYM6)
    rim = len(taps) // 4
    cx, cy = (w - 1) / 2, (h - 1) / 2
    corners = maps @ np.array([[-cx, cx, cx, -cx], [-cy, -cy, cy, cy], [1, 1, 1, 1]])
    low, high = corners[:, :2].min(axis=(0, 2)), corners[:, :2].max(axis=(0, 2))
    pad = []
    for reach, middle, side in ((-low[0], cx, w), (high[0], cx, w), (-low[1], cy, h), (high[1], cy, h)):
        pad.append(int(np.ceil(min(max(reach + 2 * rim - middle, 0), side - 1))))
    padded = F.pad(x, pad, mode="reflect")
    zeros = torch.zeros(n, c, padded.shape[2], 2, padded.shape[3], 2, dtype=torch.float64)
    zeros[:, :, :, 0, :, 0] = padded
    up = zeros.reshape(n, c, 2 * padded.shape[2], 2 * padded.shape[3])
    up = 4 * filtered(F.pad(up, [6, 5, 6, 5]), taps)
    rows, columns = 2 * (h + 2 * rim), 2 * (w + 2 * rim)
    # A pixel of the padded image is the first of its two; its middle has moved with the padding.
    to_up = moving(-0.5, -0.5) @ np.diag([2, 2, 1]) @ moving((pad[0] - pad[1]) / 2, (pad[2] - pad[3]) / 2)
    from_result = np.linalg.inv(moving(-0.5, -0.5) @ np.diag([2, 2, 1]))
    theta = np.diag([2 / up.shape[3], 2 / up.shape[2], 1]) @ to_up @ maps @ from_result @ np.diag([columns / 2, rows / 2, 1])
    grid = F.affine_grid(torch.as_tensor(theta[:, :2]), [n, c, rows, columns], align_corners=False)
    read = F.grid_sample(up, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return filtered(read[:, :, 1:-1, 1:-1], taps[::-1].copy())[:, :, ::2, ::2]


NEUTRAL = {"flip": 0, "quarters": 0, "whole": [0, 0], "scale": 1, "before": 0, "stretch": 1, "after": 0, "shift": [0, 0],
           "brightness": 0, "contrast": 1, "luma_flip": 0, "hue": 0, "saturation": 1}
CASES = {"flip": {"flip": 1}, "quarters": {"quarters": 3}, "whole": {"whole": [0.11, -0.09]}, "scale": {"scale": 0.8},
         "turns": {"before": 0.7, "stretch": 1.3, "after": -0.4}, "shift": {"shift": [0.13, 0.2]},
         "brightness": {"brightness": 0.3}, "contrast": {"contrast": 1.7}, "luma_flip": {"luma_flip": 1}, "hue": {"hue": 1.1},
         "saturation": {"saturation": 2.5},
         "all": {"flip": 1, "quarters": 1, "whole": [-0.1, 0.12], "scale": 1.2, "before": -2.0, "stretch": 0.9, "after": 0.5,
                 "shift": [-0.05, 0.1], "brightness": -0.2, "contrast": 0.6, "luma_flip": 1, "hue": -2.2, "saturation": 0.4}}


def numbers(x):
    return [round(float(v), 12) for v in np.asarray(x).reshape(-1)]


def summary(x):
    """Few numbers that every pixel moves."""
    weights = filled(x.shape, 2.0)
    return numbers([x.sum(), (x * weights).sum(), (x * x).sum()]) + numbers(x.reshape(-1)[:6])


def main():
    out = {"diff_augment": {}, "ada": {}}
    for label, shape in (("colour", (3, 3, 9, 12)), ("grey", (3, 1, 9, 12))):
        x = filled(shape, 0.5)
        of = diff_augment(x, [u_of(shape[0], phase) for phase in range(7)])
        out["diff_augment"][label] = {name: summary(y) for name, y in of.items()}
    for name, given in CASES.items():
        d = {**NEUTRAL, **given}
        of_case = {"draws": d}
        for label, shape in (("colour", (2, 3, 10, 8)), ("grey", (2, 1, 10, 8))):
            x = filled(shape, 0.5)
            # The second image is spared: what it looks like depends on the first one's margin alone.
            maps = np.stack([sources(d, shape[2], shape[3]), np.eye(3)])
            c = np.stack([colours(d, shape[1] == 1), np.eye(4)])
            moved = transformed(x, maps)[:1] if (maps[0] != np.eye(3)).any() else x[:1]
            if shape[1] == 3:
                y = torch.einsum("ij,njhw->nihw", torch.as_tensor(c[0, :3, :3]), moved) + torch.as_tensor(c[0, :3, 3]).view(1, 3, 1, 1)
            else:
                grey = moved.expand(-1, 3, -1, -1)
                y = (torch.einsum("ij,njhw->nihw", torch.as_tensor(c[0, :3, :3]), grey)
                     + torch.as_tensor(c[0, :3, 3]).view(1, 3, 1, 1)).mean(dim=1, keepdim=True)
            of_case[label] = {"sources": numbers(maps[0]), "colours": numbers(c[0]), "images": summary(y)}
        out["ada"][name] = of_case
    (HERE / "augment_oracle.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
