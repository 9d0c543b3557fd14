"""StyleGAN2's networks in PyTorch as its authors have them, of 64 channels at 32×32: for peers_training.py."""
import math

import torch
import torch.nn.functional as F
from torch import nn


def leaky(x):
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
low_pass = torch.outer(taps, taps) / 64


def filtered(x, pads, gain=1.0, up=1, down=1):
    """StyleGAN2's upfirdn2d as its authors have it for CPUs: zeros, pads, a convolution of each channel."""
    n, c, h, w = x.shape
    if up > 1:
        x = F.pad(x.reshape(n, c, h, 1, w, 1), [0, up - 1, 0, 0, 0, up - 1]).reshape(n, c, h * up, w * up)
    return F.conv2d(F.pad(x, [pads[0], pads[1]] * 2), (low_pass * gain).expand(c, 1, 4, 4), stride=down, groups=c)


class Equalised(nn.Module):
    def __init__(self, *shape, rate=1.0, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(shape[0])) if bias else None
        self.gain, self.rate = rate / math.sqrt(math.prod(shape[1:])), rate

    def forward(self, x, down=1):
        w, b = self.weight * self.gain, self.bias if self.rate == 1 or self.bias is None else self.bias * self.rate
        if w.dim() == 2:
            return F.linear(x, w, b)
        if down > 1:
            x = filtered(x, (1, 1), down=2) if w.shape[2] == 1 else filtered(x, (2, 2))
        strided = down > 1 and w.shape[2] == 3
        return F.conv2d(x, w, b, stride=2 if strided else 1, padding=0 if strided else w.shape[2] // 2)


class Styled(nn.Module):
    """As the authors train it: features scaled before and after one convolution (grouped ones take as long on a CPU)."""
    def __init__(self, i, o, style_dim=64, kernel=3, up=False, noisy=True):
        super().__init__()
        self.affine, self.up, self.kernel = Equalised(i, style_dim), up, kernel
        self.weight, self.bias = nn.Parameter(torch.empty(o, i, kernel, kernel)), nn.Parameter(torch.empty(o))
        self.noise_strength = nn.Parameter(torch.empty(())) if noisy else None

    def forward(self, x, w, noise=None):
        weight, styles = self.weight / math.sqrt(self.weight[0].numel()), self.affine(w)
        x = x * styles[:, :, None, None]
        if self.up:
            x = filtered(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), (1, 1), gain=4.0)
        else:
            x = F.conv2d(x, weight, padding=self.kernel // 2)
        if self.kernel == 1:
            return x + self.bias[:, None, None]
        x = x * (styles.square() @ weight.square().sum((2, 3)).t() + 1e-8).rsqrt()[:, :, None, None]
        if noise is not None:
            x = x + self.noise_strength * noise
        return leaky(x + self.bias[:, None, None])


class StyleBlock(nn.Module):
    def __init__(self, channels, side):
        super().__init__()
        if side == 4:
            self.const = nn.Parameter(torch.empty(channels, 4, 4))
        else:
            self.conv0 = Styled(channels, channels, up=True)
        self.conv1, self.torgb = Styled(channels, channels), Styled(channels, 3, kernel=1, noisy=False)


class StyleGenerator(nn.Module):
    def __init__(self, channels=64, style_dim=64, layers=8):
        super().__init__()
        self.mapping, self.synthesis = nn.Module(), nn.Module()
        for i in range(layers):
            self.mapping.add_module(f"fc{i}", Equalised(style_dim, style_dim, rate=0.01))
        for side in (4, 8, 16, 32):
            self.synthesis.add_module(f"b{side}", StyleBlock(channels, side))

    def forward(self, z, noises):
        w = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.mapping.children():
            w = leaky(layer(w))
        image, noises = None, list(noises)
        for block in self.synthesis.children():
            x = block.conv0(x, w, noises.pop(0)) if image is not None else block.const.expand(len(z), -1, -1, -1)
            x = block.conv1(x, w, noises.pop(0))
            shown = block.torgb(x, w)
            image = shown if image is None else filtered(image, (2, 1), gain=4.0, up=2) + shown
        return image


class HalvingBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv0, self.conv1 = Equalised(channels, channels, 3, 3), Equalised(channels, channels, 3, 3)
        self.skip = Equalised(channels, channels, 1, 1, bias=False)

    def forward(self, x):
        return (leaky(self.conv1(leaky(self.conv0(x)), down=2)) + self.skip(x, down=2)) * math.sqrt(0.5)


class StyleDiscriminator(nn.Module):
    def __init__(self, channels=64):
        super().__init__()
        self.fromrgb = Equalised(channels, 3, 1, 1)
        for side in (32, 16, 8):
            self.add_module(f"b{side}", HalvingBlock(channels))
        self.conv, self.fc = Equalised(channels, channels + 1, 3, 3), Equalised(channels, 16 * channels)
        self.out = Equalised(1, channels)

    def forward(self, x):
        x = leaky(self.fromrgb(x))
        for side in (32, 16, 8):
            x = getattr(self, f"b{side}")(x)
        groups = x.reshape(4, -1, *x.shape[1:])
        spread = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
        x = torch.cat([x, spread.repeat(4)[:, None, None, None].expand(-1, 1, *x.shape[2:])], 1)
        return self.out(leaky(self.fc(leaky(self.conv(x)).flatten(1)))).flatten()


class StyledPair(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Styled(64, 64, noisy=False), Styled(64, 64, noisy=False)

    def forward(self, x, w):
        return self.second(self.first(x, w), w)
