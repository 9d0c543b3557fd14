#!/usr/bin/env python3
"""Reference values for reports/statistics/{student,equivalence,bootstrap,power,rates}: scipy's and statsmodels'.

  python3 tests/oracle/make_statistics_oracle.py > tests/oracle/statistics_oracle.json  # scipy 1.17.1, statsmodels 0.15.0
"""
import json
import math

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

ALTERNATIVES = ("less", "greater", "two-sided")
rng = np.random.default_rng(20201129)


def one_sample(n, mean):
    x = rng.normal(mean, 1.7, n)
    return {"values": x.tolist(), "mean": 0.5,
            "p": {a: stats.ttest_1samp(x, 0.5, alternative=a).pvalue for a in ALTERNATIVES},
            "interval": list(stats.ttest_1samp(x, 0.0).confidence_interval(0.9))}


def equivalence(n, m, shift, margin):
    x, y = rng.normal(10, 1, n), rng.normal(10 + shift, 2, m)
    case = {"left": x.tolist(), "right": y.tolist(), "margin": margin,
            "welch": ttost_ind(x, y, -margin, margin, usevar="unequal")[0]}
    if n == m:
        case["paired"] = ttost_paired(x, y, -margin, margin)[0]
    return case


def bca(x):
    # Of so many resamples that what is left of chance lies well below the test's tolerance.
    found = stats.bootstrap((x,), np.mean, n_resamples=400_000, method="BCa", confidence_level=0.95,
                            batch=10_000, rng=np.random.default_rng(1)).confidence_interval
    return {"values": x.tolist(), "low": found.low, "high": found.high, "sd": float(x.std(ddof=1))}


def hedges(n, m):
    x, y = rng.normal(3, 1, n), rng.normal(2, 1.5, m)
    df = n + m - 2
    pooled = math.sqrt(((n - 1) * x.var(ddof=1) + (m - 1) * y.var(ddof=1)) / df)
    correction = math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)
    return {"left": x.tolist(), "right": y.tolist(), "g": correction * (x.mean() - y.mean()) / pooled}


def power(effect, n, alpha):
    return {"effect": effect, "n": n, "alpha": alpha, "power": TTestIndPower().power(effect, n, alpha)}


def wilson(k, n):
    low, high = proportion_confint(k, n, 0.05, method="wilson")
    return {"of": k, "n": n, "low": max(0.0, low), "high": min(1.0, high)}


def fisher(a, n, b, m):
    table = [[a, n - a], [b, m - b]]
    return {"left": [a, n], "right": [b, m],
            "p": {alt: stats.fisher_exact(table, alternative=alt).pvalue for alt in ALTERNATIVES}}


def needed(effect, alpha, share):
    return {"effect": effect, "alpha": alpha, "power": share,
            "n": math.ceil(TTestIndPower().solve_power(effect, None, alpha, share))}


print(json.dumps({
    "made_by": f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}",
    "one_sample": [one_sample(n, m) for n, m in ((2, 0), (5, 0.6), (12, 1.5), (40, 0.4))],
    "equivalence": [equivalence(*c) for c in ((5, 5, 0, 1.5), (8, 5, 0.5, 2.0), (12, 12, 1, 0.5), (30, 30, 0, 1.0))],
    "bca": [bca(rng.normal(5, 2, 10)), bca(rng.lognormal(0, 1, 15)), bca(rng.exponential(3, 40))],
    "hedges": [hedges(n, m) for n, m in ((2, 2), (5, 5), (12, 7))],
    "power": [power(*c) for c in ((0.5, 5, 0.05), (1.2, 5, 0.05), (2.0, 3, 0.01), (0.3, 100, 0.05), (4.0, 5, 0.05))],
    "needed": [needed(*c) for c in ((0.5, 0.05, 0.8), (1.0, 0.05, 0.9), (2.0, 0.01, 0.8), (0.1, 0.05, 0.8))],
    "wilson": [wilson(*c) for c in ((0, 5), (1, 5), (5, 5), (3, 20), (0, 1))],
    "fisher": [fisher(*c) for c in ((0, 5, 4, 5), (3, 10, 3, 10), (1, 8, 6, 9), (0, 3, 3, 3), (2, 2, 0, 7))],
}, indent=1))
