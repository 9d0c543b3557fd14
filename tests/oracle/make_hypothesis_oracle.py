#!/usr/bin/env python3
"""Reference values for reports/{sign_test,signed_rank,mann_whitney,welch,holm}: scipy's and statsmodels'.

  python3 tests/oracle/make_hypothesis_oracle.py > tests/oracle/hypothesis_oracle.json  # scipy 1.17.1, statsmodels 0.15.0

Intervals of ranks have no function in scipy: their ends are where the p-value of scipy's own exact test of the shifted
data passes alpha, found by trying every place at which it can change.
"""
import json

import numpy as np
import scipy
from scipy import stats
import statsmodels
from statsmodels.stats.multitest import multipletests

ALTERNATIVES = ("less", "greater", "two-sided")
ALPHA = 0.05


def cut(values, p_less, p_greater):
    """Largest interval of shifts that neither one-sided test rejects; p may change at `values` only."""
    edges = np.unique(values)
    between = np.concatenate([[edges[0] - 1], (edges[1:] + edges[:-1]) / 2, [edges[-1] + 1]])
    kept = [i for i, shift in enumerate(between) if p_less(shift) > ALPHA and p_greater(shift) > ALPHA]
    if kept[0] == 0:
        return None
    return [float(edges[kept[0] - 1]), float(edges[kept[-1]])]


def paired(d):
    nonzero = d[d != 0]
    ties = len(np.unique(np.abs(nonzero))) < len(nonzero)
    case = {"differences": d.tolist()}
    case["sign"] = {a: stats.binomtest(int((d > 0).sum()), len(nonzero), alternative=a).pvalue for a in ALTERNATIVES}
    if len(nonzero) > 50:
        wilcoxon = lambda x, a: stats.wilcoxon(x, method="asymptotic", correction=True, alternative=a).pvalue
    elif ties:
        wilcoxon = lambda x, a: stats.wilcoxon(x, method=stats.PermutationMethod(n_resamples=np.inf), alternative=a).pvalue
    else:
        wilcoxon = lambda x, a: stats.wilcoxon(x, method="exact", alternative=a).pvalue
    case["wilcoxon"] = {a: wilcoxon(nonzero, a) for a in ALTERNATIVES}
    if not ties and len(nonzero) == len(d) and len(d) <= 20:
        sign = lambda a: lambda s: stats.binomtest(int((d > s).sum()), len(d), alternative=a).pvalue
        case["median"], case["median_interval"] = float(np.median(d)), cut(d, sign("less"), sign("greater"))
        walsh = np.array([(d[i] + d[j]) / 2 for j in range(len(d)) for i in range(j + 1)])
        rank = lambda a: lambda s: stats.wilcoxon(d - s, method="exact", alternative=a).pvalue
        case["hodges_lehmann"], case["hodges_lehmann_interval"] = float(np.median(walsh)), cut(walsh, rank("less"), rank("greater"))
    return case


def unpaired(left, right):
    both = np.concatenate([left, right])
    ties = len(np.unique(both)) < len(both)
    case = {"left": left.tolist(), "right": right.tolist()}
    if max(len(left), len(right)) > 50:
        u = lambda x, y, a: stats.mannwhitneyu(x, y, method="asymptotic", alternative=a).pvalue
    elif ties:
        u = lambda x, y, a: stats.mannwhitneyu(x, y, method=stats.PermutationMethod(n_resamples=np.inf), alternative=a).pvalue
    else:
        u = lambda x, y, a: stats.mannwhitneyu(x, y, method="exact", alternative=a).pvalue
    case["mann_whitney"] = {a: u(left, right, a) for a in ALTERNATIVES}
    case["welch"] = {a: stats.ttest_ind(left, right, equal_var=False, alternative=a).pvalue for a in ALTERNATIVES}
    interval = stats.ttest_ind(left, right, equal_var=False).confidence_interval(1 - 2 * ALPHA)
    case["mean_difference_interval"] = [float(interval.low), float(interval.high)]
    if not ties and len(both) <= 20:
        shifts = np.subtract.outer(left, right).ravel()
        test = lambda a: lambda s: u(left - s, right, a)
        case["shift"], case["shift_interval"] = float(np.median(shifts)), cut(shifts, test("less"), test("greater"))
    return case


random = np.random.default_rng(20261123)
normal = lambda n, mean=0.0, sd=1.0: np.round(random.normal(mean, sd, n), 4)
coarse = lambda n, mean=0.0: np.round(random.normal(mean, 2.0, n))
print(json.dumps({
    "made_with": f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}",
    "alpha": ALPHA,
    "paired": [paired(d) for d in (normal(5, 2.0), normal(8, -0.7), normal(13, 0.2), coarse(12, 1.0), coarse(9), normal(50, 0.2),
                                   normal(80, -0.2), coarse(120, 0.3), np.arange(1.0, 41.0))],
    "unpaired": [unpaired(x, y) for x, y in ((normal(5, -2.0), normal(5)), (normal(5), normal(8, 0.6, 2.0)), (normal(9, 1.0, 0.3), normal(7)),
                                             (coarse(6, 2.0), coarse(7)), (coarse(5), coarse(5)), (normal(20), normal(50, 0.3)),
                                             (normal(60, 0.3), normal(55)), (coarse(51, 0.4), coarse(9)),
                                             (np.arange(25.0), np.arange(40.5, 65.0)))],
    "holm": [{"p": p.tolist(), "adjusted": multipletests(p, method="holm")[1].tolist()}
             for p in (np.array([0.01, 0.04, 0.03, 0.005]), np.round(random.uniform(size=9) ** 4, 5), np.array([0.3]))],
}, indent=0))
