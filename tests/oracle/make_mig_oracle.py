"""Values of MIG's own estimator for tests/metrics/mig_sampled_test.cpp. Writes mig_oracle.json beside this file.

The algorithm of rtqichen/beta-tcvae (1a3577d), disentanglement_metrics.py and metric_helpers/mi_metric.py, in NumPy:
entropies from one sample per image of a whole grid of factors, conditional ones value by value. Needs NumPy only.
"""
import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent
GRID = (3, 4, 5, 2)  # the first is not scored, like dSprites' shape


def estimate_entropies(samples, mu, logvar):
    """E[-log 1/N sum_n q(z_j|x_n)] over samples [N,K], for each code j."""
    z, m, v = samples[:, None], mu[None], logvar[None]
    log_density = -0.5 * ((z - m) ** 2 * np.exp(-v) + v + np.log(2 * np.pi)) - np.log(len(mu))
    largest = log_density.max(1)
    return -(np.log(np.exp(log_density - largest[:, None]).sum(1)) + largest).mean(0)


def gap(information):
    normed = np.clip(np.sort(information, 1)[:, ::-1], 0, None) / np.log(GRID[1:])[:, None]
    return (normed[:, 0] - normed[:, 1]).mean()


def main():
    rng = np.random.default_rng(1802)
    factors = np.stack(np.meshgrid(*[np.arange(s) for s in GRID], indexing="ij"), -1).reshape(-1, len(GRID))
    noise = rng.standard_normal((len(factors), 4))
    mu = np.stack([factors[:, 1] + 0.2 * noise[:, 0], 0.7 * factors[:, 2] + 0.5 * factors[:, 1] + 0.3 * noise[:, 1],
                   0.02 * noise[:, 2], factors[:, 3] - 0.2 * factors[:, 2] + 0.1 * noise[:, 3]], 1).round(3)
    logvar = (np.array([-3.0, -2.0, -0.02, -1.0]) + 0.5 * rng.standard_normal(mu.shape)).round(3)
    z = (mu + np.exp(0.5 * logvar) * rng.standard_normal(mu.shape)).round(4)
    marginal = estimate_entropies(z, mu, logvar)
    information = []
    for axis, size in list(enumerate(GRID))[1:]:
        of_value = [estimate_entropies(*(a[factors[:, axis] == i] for a in (z, mu, logvar))) for i in range(size)]
        information.append(marginal - np.mean(of_value, 0))
    information = np.array(information)
    oracle = {"_about": {"numpy": np.__version__}, "mu": mu.tolist(), "logvar": logvar.tolist(), "z": z.tolist(),
              "factors": factors[:, 1:].tolist(), "information": information.T.tolist(),
              "mig": gap(information), "mig_of_two_codes": gap(information[:, :2])}
    (HERE / "mig_oracle.json").write_text(json.dumps(oracle) + "\n")


if __name__ == "__main__":
    main()
