// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/pair_sweep.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "metrics/features/gaussian_mmd.h"
#include "metrics/features/kernel_distance.h"
#include "metrics/inputs.h"
#include "metrics/neighbours/cross_sweep.h"
#include "metrics/neighbours/self_sweep.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::int64_t kRowsInDouble = 4096;

at::Tensor mean_of_rows(const at::Tensor& rows) {
  constexpr std::int64_t kBlock = 1024;
  auto sum = at::zeros({rows.size(1)}, at::kDouble);
  run_serial([&] {
    for (std::int64_t i = 0; i < rows.size(0); i += kBlock) {
      sum += rows.slice(0, i, std::min(i + kBlock, rows.size(0))).to(at::kDouble).sum(0);
    }
    sum /= static_cast<double>(rows.size(0));
  });
  return sum;
}

// Neighbours of one set; where k are not to be had no row has a ball.
SelfStatistics sweep_one(const Cloud& cloud, const PairRequest& request) {
  PairRequest own = request;
  own.k = std::min(request.k, cloud.size() - 1);
  SelfStatistics found = sweep_self(cloud, own);
  if (own.k < request.k) std::fill(found.radii.begin(), found.radii.end(), -1.0);
  return found;
}

bool is_wanted(const MetricInputs& inputs, std::string_view metric, std::string_view asking) {
  if (metric == asking) return true;
  const auto& wanted = inputs.wanted;
  return std::find(wanted.begin(), wanted.end(), metric) != wanted.end();
}

PairRequest request_of(const MetricInputs& inputs, std::string_view asking) {
  PairRequest request;
  if (is_wanted(inputs, "authpct", asking)) request.k = 1;  // it looks at the nearest alone
  for (const auto* name : {"precision", "recall", "density", "coverage"}) {
    if (is_wanted(inputs, name, asking)) request.k = inputs.k;
  }
  request.closed_balls = inputs.compat != "prdc";
  request.cubic_kernel = is_wanted(inputs, "kid", asking) && kid_takes_all_pairs(inputs);
  if (is_wanted(inputs, "mmd_rbf", asking)) request.gaussian_sigma = mmd_rbf_sigma(inputs);
  request.device = inputs.device;
  return request;
}

}  // namespace

PairStatistics sweep_pairs(const at::Tensor& generated, const at::Tensor& reference,
                           const PairRequest& request) {
  TORCH_CHECK(
      generated.dim() == 2 && reference.dim() == 2 && generated.size(1) == reference.size(1) &&
          generated.size(0) >= 2 && reference.size(0) >= 2 &&
          generated.scalar_type() == reference.scalar_type() && request.k >= 0,
      "sweep_pairs: k = ", request.k, " of ", generated.sizes(), " and ", reference.sizes());
  PairStatistics out;
  out.request = request;
  const bool large = std::max(generated.size(0), reference.size(0)) > kRowsInDouble;
  out.arithmetic = large ? at::kFloat : at::kDouble;
  const auto origin = mean_of_rows(reference);
  auto y = std::make_unique<Cloud>(reference, origin, Products{out.arithmetic, request.device});
  auto x = std::make_unique<Cloud>(generated, origin, Products{out.arithmetic, request.device});
  if (!x->in_range() || !y->in_range()) {
    out.arithmetic = at::kDouble;
    y = std::make_unique<Cloud>(reference, origin, Products{out.arithmetic, request.device});
    x = std::make_unique<Cloud>(generated, origin, Products{out.arithmetic, request.device});
  }
  SelfStatistics of_y = sweep_one(*y, request);
  SelfStatistics of_x = sweep_one(*x, request);
  out.reference_radii = std::move(of_y.radii);
  out.generated_radii = std::move(of_x.radii);
  out.cubic.xx = std::move(of_x.cubic);
  out.cubic.yy = std::move(of_y.cubic);
  out.gaussian.xx = std::move(of_x.gaussian);
  out.gaussian.yy = std::move(of_y.gaussian);
  sweep_cross(*x, *y, request, std::move(of_y.nearest), out);
  return out;
}

std::shared_ptr<const PairStatistics> pair_statistics(const MetricInputs& inputs,
                                                      std::string_view metric) {
  const PairRequest request = request_of(inputs, metric);
  PairSweepMemo* memo = inputs.sweep.get();
  const auto features = stored_features(inputs, metric);
  const bool known = memo != nullptr && memo->statistics && memo->request == request &&
                     memo->generated.is_same(inputs.features.generated) &&
                     memo->reference.is_same(inputs.features.reference);
  if (known) return memo->statistics;
  auto found = std::make_shared<const PairStatistics>(
      sweep_pairs(features.generated, features.reference, request));
  if (memo != nullptr) {
    *memo = {request, inputs.features.generated, inputs.features.reference, found};
  }
  return found;
}

}  // namespace assay
