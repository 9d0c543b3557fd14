"""Values of scikit-image, pytorch-msssim, SciPy and scikit-learn for tests/metrics/{pairs,codes}_test.cpp.

Writes codes_oracle.json beside this file. Needs scikit-learn, scikit-image, pytorch-msssim and torch.
Formulas of disentanglement_lib that only combine the libraries' values are written out here again.
"""
import json
import pathlib

import numpy as np
import pytorch_msssim
import scipy
import skimage
import torch
from scipy.optimize import linear_sum_assignment
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

HERE = pathlib.Path(__file__).parent


def image_pairs(count, channels, height, width):
    """Integer patterns that the test builds again."""
    n, c, i, j = np.meshgrid(*[np.arange(s) for s in (count, channels, height, width)], indexing="ij")
    x = (3 * i * i + 5 * j * j + (n + 1) * i * j + 2560 * c) // 64 % 256
    noise = (37 * i + 101 * j + 17 * n + 59 * c + 11 * i * j) % 41 - 20
    return x.astype(np.uint8), np.clip(x + (n + 1) * noise, 0, 255).astype(np.uint8)


def image_scores():
    x, y = image_pairs(3, 3, 24, 31)
    pairs = list(zip(np.moveaxis(x, 1, -1), np.moveaxis(y, 1, -1)))
    large = image_pairs(2, 2, 165, 182)
    msssim = [torch.from_numpy(a.astype(np.float64)) for a in large]
    small = [torch.from_numpy(a.astype(np.float64)) for a in (x, y)]
    # Its own window is float32, which costs 2e-6.
    weights = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = torch.from_numpy(weights / weights.sum()).reshape(1, 1, 1, 11)
    return {
        "psnr": [peak_signal_noise_ratio(a, b, data_range=255) for a, b in pairs],
        "ssim_skimage": [
            structural_similarity(a.astype(float), b.astype(float), gaussian_weights=True, sigma=1.5,
                                  use_sample_covariance=False, data_range=255, channel_axis=-1)
            for a, b in pairs],
        "ssim_pytorch_msssim": pytorch_msssim.ssim(
            *small, data_range=255, size_average=False, win=window.repeat(3, 1, 1, 1)).tolist(),
        "ms_ssim_pytorch_msssim": pytorch_msssim.ms_ssim(
            *msssim, data_range=255, size_average=False, win=window.repeat(2, 1, 1, 1)).tolist(),
    }


def lattice_points(count, a, b, modulus):
    """Points of a linear congruence that the test builds again."""
    i = np.arange(count, dtype=np.int64)
    return np.stack([a * i * i % modulus, b * i * (i + 3) % modulus], 1) / modulus


def wasserstein():
    x = lattice_points(300, 7919, 104729, 100003)
    y = lattice_points(300, 1299709, 15485863, 99991) + 0.25
    cost = ((x[:, None] - y[None]) ** 2).sum(2)
    return {"mean_cost": cost[linear_sum_assignment(cost)].mean()}


def main():
    oracle = {
        "_about": {"scikit-image": skimage.__version__, "pytorch-msssim": "1.0.0", "torch": torch.__version__,
                   "scipy": scipy.__version__, "numpy": np.__version__},
        "images": image_scores(),
        "w2": wasserstein(),
    }
    (HERE / "codes_oracle.json").write_text(json.dumps(oracle, indent=1) + "\n")


if __name__ == "__main__":
    main()
