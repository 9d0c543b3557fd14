// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "data/npz.h"
#include "metrics/metric.h"

namespace assay {

/// What an .npz says of a model's codes: "codes" (float [N,L]), "codes_logvar" (float [N,L]: the
/// log-variances of Gaussian posteriors whose means are the codes) and "factors" (int64 or uint8
/// [N,F], each counted from 0); what is not there stays undefined. Throws Error naming `label` for
/// another type or shape, different N, negative factors, or log-variances or factors without codes.
CodesAndFactors npz_codes(const NpzArrays& arrays, const std::string& label);

/// Throws Error naming `label` if the file lacks what the metric needs.
void check_codes(const Metric& metric, const CodesAndFactors& codes, const std::string& label);

}  // namespace assay
