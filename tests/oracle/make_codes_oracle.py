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
import sklearn
import torch
from scipy.optimize import linear_sum_assignment
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score
from sklearn.svm import LinearSVC

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


def codes_and_factors(rng, rows=450):
    """Factors of 3, 4 and 2 values; codes clear, mixed, noise, weak and constant."""
    factors = np.stack([rng.integers(0, size, rows) for size in (3, 4, 2)], 1)
    noise = rng.standard_normal((rows, 5))
    codes = np.stack([factors[:, 0] + 0.3 * noise[:, 0],
                      factors[:, 1] + 0.5 * factors[:, 0] + 0.4 * noise[:, 1],
                      noise[:, 2],
                      0.7 * factors[:, 2] + 0.4 * factors[:, 1] + 0.5 * noise[:, 3],
                      np.zeros(rows)], 1).round(3)
    return codes, factors


def information(codes, factors):
    binned = np.stack([np.digitize(c, np.histogram(c, 20)[1][:-1]) for c in codes.T], 1)
    m = np.array([[mutual_info_score(v, z) for v in factors.T] for z in binned.T])
    h = np.array([mutual_info_score(v, v) for v in factors.T])
    top = np.sort(m, axis=0)[::-1]
    squared = m**2
    largest = squared.max(1)
    with np.errstate(invalid="ignore"):
        purity = 1 - (squared.sum(1) - largest) / (largest * (m.shape[1] - 1))
    return {"matrix": m.tolist(), "entropies": h.tolist(), "mig": ((top[0] - top[1]) / h).mean(),
            "modularity": np.where(largest > 0, purity, 0).mean()}


def svm_accuracies(codes, factors, train, test, **settings):
    accuracy = np.zeros((codes.shape[1], factors.shape[1]))
    for i, z in enumerate(codes.T):
        for j, v in enumerate(factors.T):
            svm = LinearSVC(C=0.01, class_weight="balanced", **settings).fit(z[train, None], v[train])
            accuracy[i, j] = (svm.predict(z[test, None]) == v[test]).mean()
    top = np.sort(accuracy, axis=0)
    return {"accuracies": accuracy.tolist(), "sap": (top[-1] - top[-2]).mean()}


def dci(importance):
    per_code = 1 - scipy.stats.entropy(importance.T + 1e-11, base=importance.shape[1])
    per_factor = 1 - scipy.stats.entropy(importance + 1e-11, base=importance.shape[0])
    share = importance / importance.sum()
    return (per_code * share.sum(1)).sum(), (per_factor * share.sum(0)).sum()


def boosted(codes, factors, train, test, seeds=20):
    """Each seed breaks ties of splits in another way; the spread is what the ties are worth."""
    importance, accuracy = np.zeros((seeds, codes.shape[1], factors.shape[1])), np.zeros((seeds, factors.shape[1]))
    for seed in range(seeds):
        for j, v in enumerate(factors.T):
            model = GradientBoostingClassifier(random_state=seed).fit(codes[train], v[train])
            importance[seed, :, j] = model.feature_importances_
            accuracy[seed, j] = (model.predict(codes[test]) == v[test]).mean()
    scores = np.array([dci(i) for i in importance])
    # One column of few values has hardly any ties, neither of columns nor of thresholds in tiny nodes.
    coarse = np.round(2 * codes[:, 1:2])
    single = [GradientBoostingClassifier(random_state=0).fit(coarse[train], v[train]) for v in factors.T]
    matrix = importance[0].round(6)
    return {"importance": importance.mean(0).tolist(), "importance_sd": importance.std(0).max(),
            "accuracy": accuracy.mean(0).tolist(), "accuracy_sd": accuracy.std(0).max(),
            "disentanglement": scores[:, 0].mean(), "completeness": scores[:, 1].mean(),
            "score_sd": scores.std(0).max(), "matrix": matrix.tolist(), "dci_of_matrix": list(dci(matrix)),
            "single_scores": [np.reshape(m.decision_function(coarse[test]), (len(test), -1)).tolist()
                              for m in single]}


def group_codes(rng, groups, shape, fixed_noise):
    """Four codes of three factors in groups where one factor stands still up to noise."""
    which = rng.integers(0, 3, groups)
    z = rng.standard_normal((groups,) + shape + (4,))
    for g, f in enumerate(which):
        z[g, ..., f] = rng.standard_normal() + fixed_noise * z[g, ..., f]
    z[..., 3] *= 0.01
    z[..., 1] = 0.6 * z[..., 1] + 0.8 * z[..., 0]
    return z.round(3), which


def factor_vae(z, which, variances):
    active = np.sqrt(variances) >= 0.05
    votes = np.zeros((3, 4), int)
    for g, f in zip(z, which):
        votes[f, np.argmin(g.var(0, ddof=1)[active] / variances[active])] += 1
    return votes.max(0).sum() / votes.sum()


def beta_vae(z, which):
    x = np.abs(z[:, :, 0] - z[:, :, 1]).mean(1)
    fitted = len(x) - len(x) // 3
    model = LogisticRegression(C=1.0, tol=1e-12, max_iter=100000, solver="newton-cg")
    model.fit(x[:fitted], which[:fitted])
    two = which < 2
    binary = LogisticRegression(C=1.0, tol=1e-12, max_iter=100000, solver="newton-cg").fit(x[two], which[two])
    return {"weights": model.coef_.tolist(), "biases": model.intercept_.tolist(),
            "binary_weights": binary.coef_[0].tolist(), "binary_bias": binary.intercept_[0],
            "accuracy": model.score(x[fitted:], which[fitted:])}


def disentanglement():
    rng = np.random.default_rng(2024)
    codes, factors = codes_and_factors(rng)
    train, test = np.arange(300), np.arange(300, 450)
    groups, group_factors = group_codes(rng, 60, (6,), 0.9)
    pairs, pair_factors = group_codes(rng, 90, (4, 2), 0.6)
    variances = np.array([1.0, 1.0, 1.0, 0.0001])
    return {
        "codes": codes.tolist(), "factors": factors.tolist(),
        "information": information(codes, factors),
        "svm": svm_accuracies(codes, factors, train, test, dual=False, tol=1e-12, max_iter=100000),
        "svm_default": svm_accuracies(codes, factors, train, test, random_state=0),
        "boosted": boosted(codes, factors, train, test),
        "group_codes": groups.tolist(), "group_factors": group_factors.tolist(),
        "variances": variances.tolist(), "factor_vae_score": factor_vae(groups, group_factors, variances),
        "pair_codes": pairs.tolist(), "pair_factors": pair_factors.tolist(),
        "beta_vae": beta_vae(pairs, pair_factors),
    }


def main():
    oracle = {
        "_about": {"scikit-image": skimage.__version__, "pytorch-msssim": "1.0.0", "torch": torch.__version__,
                   "scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "numpy": np.__version__},
        "images": image_scores(),
        "w2": wasserstein(),
        "disentanglement": disentanglement(),
    }
    (HERE / "codes_oracle.json").write_text(json.dumps(oracle) + "\n")


if __name__ == "__main__":
    main()
