"""Values of scikit-learn and SciPy for tests/metrics/code_scores_test.cpp.

Writes zoo_oracle.json beside this file. Needs scikit-learn and SciPy.
"""
import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.stats import entropy
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).parent


def labelled_codes(count, first):
    """Codes of three classes in five units, the last constant; the test builds them again."""
    n = np.arange(first, first + count)[:, None]
    j = np.arange(5)[None, :]
    labels = (n[:, 0] * 7 + n[:, 0] // 5) % 3
    noise = (n * n * (2 * j + 3) + 17 * n * (j + 1) + 5 * j) % 101 / 101
    codes = noise * (10.0 ** (j - 2)) + 10.0 ** (j - 2) * 0.35 * ((labels[:, None] + j) % 3)
    codes[:, 4] = 2.5
    return codes, labels


def probe():
    x, y = labelled_codes(200, 0)
    test_x, test_y = labelled_codes(150, 1000)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, tol=1e-12, max_iter=100000))
    pipeline.fit(x, y)
    binary = LogisticRegression(C=1.0, tol=1e-12, max_iter=100000).fit(x[:, 1:4], y == 1)
    scaled = StandardScaler().fit_transform(x)
    margin = np.sort(pipeline.decision_function(test_x), 1)
    return {
        "error": 1.0 - pipeline.score(test_x, test_y),
        "raw_error": 1.0 - LogisticRegression(C=1.0, tol=1e-12, max_iter=100000).fit(x, y).score(test_x, test_y),
        "smallest_margin": float((margin[:, -1] - margin[:, -2]).min()),
        "weights": LogisticRegression(C=1.0, tol=1e-12, max_iter=100000).fit(scaled, y).coef_.tolist(),
        "binary_weights": binary.coef_[0].tolist(),
        "binary_bias": float(binary.intercept_[0]),
    }


def entropies():
    x, _ = labelled_codes(200, 0)
    bits = [entropy(np.unique(np.round(x[:, j] / 0.25), return_counts=True)[1], base=2) for j in range(5)]
    return {"step": 0.25, "bits": [float(b) for b in bits], "sum": float(np.sum(bits))}


if __name__ == "__main__":
    oracle = {
        "versions": {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__, "numpy": np.__version__},
        "probe": probe(),
        "entropy": entropies(),
    }
    (HERE / "zoo_oracle.json").write_text(json.dumps(oracle, indent=1) + "\n")
