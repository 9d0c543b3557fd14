"""Seeded features [N, 2048] for the comparisons of metrics: make_features.py FOLDER."""
import sys

import numpy as np

folder = sys.argv[1]
rng = np.random.default_rng(2020)
# a, b: Gaussian, b a little wider and shifted. c, d: ReLU of a power-law spectrum, as networks' features are.
a = rng.standard_normal((50000, 2048), dtype=np.float32)
np.save(f"{folder}/a.npy", a)
a = rng.standard_normal((50000, 2048), dtype=np.float32)
a *= np.linspace(0.8, 1.3, 2048, dtype=np.float32)
a += np.float32(0.1)
np.save(f"{folder}/b.npy", a)
spectrum = (np.arange(1, 2049) ** -0.7).astype(np.float32)
mixing = np.linalg.qr(rng.standard_normal((2048, 2048)))[0].astype(np.float32)
for name, shift in (("c", 0.05), ("d", 0.06)):
    rows = (rng.standard_normal((1000, 2048), dtype=np.float32) * spectrum) @ mixing + np.float32(shift)
    np.save(f"{folder}/{name}.npy", np.maximum(rows, 0))
