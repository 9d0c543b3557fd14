// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/coupling.h"

#include <ATen/ATen.h>

#include <cmath>

#include "kernels/product/assignment.h"
#include "kernels/product/squared_distances.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

using torch::Tensor;

constexpr int kMostIterations = 1000, kCheckedEvery = 5;
constexpr double kLargestLog = 50.0;
// Of shares that pairs are drawn by, beside the noise of one draw each.
constexpr double kDrawnMarginError = 1e-3;

// ‖x_i − y_j‖², [N,N] f64 on the CPU.
Tensor costs_of(const Tensor& x0, const Tensor& eps) {
  const auto rows = [](const Tensor& of) {
    return of.detach().flatten(1).to(at::kCPU, at::kDouble);
  };
  return squared_distances_by_products(rows(x0), rows(eps));
}

Tensor least_distance(const Tensor& x0, const Tensor& eps) {
  const auto assigned = cheapest_assignment(costs_of(x0, eps)).column_of_row;
  return eps.index_select(0, at::tensor(assigned, at::kLong).to(eps.device()));
}

// Of one batch, or of each seed's where several train as one.
Tensor minibatch_ot(const Tensor& x0, const Tensor& eps, double, const Noise&) {
  if (!is_batched_over_seeds(eps)) return least_distance(x0, eps);
  return for_each_seed({x0, eps},
                       [](const std::vector<Tensor>& of) { return least_distance(of[0], of[1]); });
}

// Row i takes the column where its cumulative share of the plan passes u_i.
Tensor drawn_from_plan(const Tensor& x0, const Tensor& eps, const Tensor& u, double sd) {
  const auto plan = entropic_plan(costs_of(x0, eps), 2.0 * sd * sd, kDrawnMarginError);
  const auto shares = (plan / plan.sum(1, true)).cumsum(1);
  const auto below = shares < u.to(at::kCPU, at::kDouble).unsqueeze(1);
  const auto column = below.sum(1).clamp_max(plan.size(1) - 1);
  return eps.index_select(0, column.to(eps.device()));
}

Tensor schrodinger_bridge(const Tensor& x0, const Tensor& eps, double sd, const Noise& noise) {
  const auto u = noise.uniform({eps.size(0)}, eps.options());
  if (!is_batched_over_seeds(eps)) return drawn_from_plan(x0, eps, u, sd);
  return for_each_seed({x0, eps, u}, [sd](const std::vector<Tensor>& of) {
    return drawn_from_plan(of[0], of[1], of[2], sd);
  });
}

}  // namespace

const Choices<Coupling>& couplings() {
  static const Choices<Coupling> all = {
      {"independent", {.paper = "Tong et al. 2024, sec. 3.2.2"}},
      {"minibatch_ot", {.paper = "Tong et al. 2024, sec. 3.2.3", .paired = minibatch_ot}},
      {"schrodinger_bridge",
       {.paper = "Tong et al. 2024, sec. 3.2.4", .paired = schrodinger_bridge, .bridge = true}}};
  return all;
}

// Schmitzer 2019, algorithm 2: scalings of a kernel that the potentials are absorbed into whenever
// they grow large, so that each iteration is two products.
torch::Tensor entropic_plan(const torch::Tensor& costs, double regularisation, double tolerance) {
  const auto kernel = -costs / regularisation;
  const double share = 1.0 / static_cast<double>(costs.size(0));
  auto f = -kernel.amax(1, true);
  auto g = -(kernel + f).amax(0, true);
  auto scaled = (kernel + f + g).exp();
  auto u = at::ones_like(f), v = at::ones_like(g.t());
  const auto absorb = [&] {
    f = f + u.log();
    g = g + v.t().log();
    scaled = (kernel + f + g).exp();
    u.fill_(1.0), v.fill_(1.0);
  };
  for (int i = 1; i <= kMostIterations; ++i) {
    u = share / at::mm(scaled, v);
    v = share / at::mm(scaled.t(), u);
    if (i % kCheckedEvery != 0) continue;
    const auto rows = u * at::mm(scaled, v) / share;
    if ((rows - 1.0).abs().max().item<double>() < tolerance) break;
    const double largest = at::maximum(u.log().abs().max(), v.log().abs().max()).item<double>();
    if (largest > kLargestLog) absorb();
  }
  absorb();
  return scaled;
}

PathWidth path_width(const Coupling& coupling, double sd, const torch::Tensor& t) {
  if (!coupling.bridge) return {at::full_like(t, sd), at::zeros_like(t)};
  const auto root = (t * (1.0 - t)).sqrt();
  return {sd * root, sd * (2.0 * t - 1.0) / (2.0 * root)};
}

}  // namespace assay
