"""The peers' side of the comparisons of metrics: peers_metrics.py WORK PEER FOLDER; see ci/perf."""
import contextlib
import io
import sys

import numpy as np
import torch

from repeat import repeat_on_demand

work, peer, folder = sys.argv[1:]
torch.set_num_threads(2)


def rows(name, count):
    return np.ascontiguousarray(np.load(f"{folder}/{name}.npy", mmap_mode="r")[:count])


def moments(x):
    x = x.astype(np.float64)
    return {"mu": x.mean(0), "sigma": np.cov(x, rowvar=False)}


def frechet():
    from torch_fidelity.metric_fid import fid_statistics_to_metric
    a, b = moments(rows("a", 10000)), moments(rows("b", 10000))
    return lambda: [fid_statistics_to_metric(a, b, False)["frechet_inception_distance"]]


def frechet_rank_deficient():
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    a, b = torch.from_numpy(rows("c", 1000)), torch.from_numpy(rows("d", 1000))

    def run():
        s, t = fid_features_to_statistics(a), fid_features_to_statistics(b)
        return [fid_statistics_to_metric(s, t, False)["frechet_inception_distance"]]
    return run


def statistics():
    from torch_fidelity.metric_fid import fid_features_to_statistics
    a = torch.from_numpy(rows("a", 50000))

    def run():
        s = fid_features_to_statistics(a)
        return [float(np.linalg.norm(s["mu"])), float(np.linalg.norm(s["sigma"]))]
    return run


def neighbours():
    real, generated = rows("a", 10000), rows("b", 10000)
    if peer == "prdc":
        from prdc import compute_prdc

        def run():
            with contextlib.redirect_stdout(io.StringIO()):
                found = compute_prdc(real, generated, 5)
            return [found[name] for name in ("precision", "recall", "density", "coverage")]
        return run
    from torch_fidelity.metric_kid import kid_features_to_metric
    x, y = torch.from_numpy(generated), torch.from_numpy(real)
    settings = dict(kid_subsets=100, kid_subset_size=1000, kid_kernel="poly", kid_kernel_poly_degree=3,
                    kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1, rng_seed=2020, verbose=False)
    return lambda: [float(v) for v in kid_features_to_metric(x, y, **settings).values()]


repeat_on_demand({"frechet_2048": frechet, "frechet_rank_deficient": frechet_rank_deficient,
                  "statistics_50k": statistics, "neighbours_10k": neighbours}[work]())
