// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>

#include "metrics/features/frechet.h"
#include "metrics/metric.h"

int main() {
  // The same rows moved by 3 along one axis: the distance is 9.
  const auto rows = at::arange(40, at::kDouble).sin().reshape({20, 2});
  const double shift = assay::frechet_distance_value(rows + at::tensor({3.0, 0.0}), rows);
  // Any metric by its name, with its standard error and protocol.
  assay::MetricInputs inputs;
  inputs.features.generated = rows + 0.1;
  inputs.features.reference = rows;
  const assay::MetricValue recall = assay::metric("recall").compute(inputs);
  std::printf("fd %.12f, recall %.3f +- %.3f\n", shift, recall.value, recall.standard_error);
  return std::abs(shift - 9.0) < 1e-9 ? 0 : 1;
}
