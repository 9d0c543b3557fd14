// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/codes/mutual_information.h"
#include "metrics/metric.h"

namespace assay {

/// Mutual information gap (Chen, Li, Grosse & Duvenaud 2018, eq. 6), mean over factors:
///   1/F Σ_f (I(z_(1); v_f) − I(z_(2); v_f)) / H(v_f)
/// with the two codes that tell most about each factor. A factor without entropy (possible in a
/// resample only) counts as 0.
double mig(const MutualInformation& information);

/// Modularity (Ridgeway & Mozer 2018, eq. 2, as disentanglement_lib computes it), mean over codes:
///   1 − Σ_{f≠f*} I(z; v_f)² / ((F − 1) I(z; v_f*)²),   f* the factor the code tells most about;
/// 0 for a code that tells nothing. F ≥ 2.
double modularity(const MutualInformation& information);

/// disentanglement_lib's estimators: posterior means in 20 bins (option bins). Standard error by
/// bootstrap over rows.
MetricValue compute_mig(const MetricInputs& inputs);
/// Throws Error if there is one factor only.
MetricValue compute_modularity(const MetricInputs& inputs);

}  // namespace assay
