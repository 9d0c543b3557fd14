// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/vendi.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "metrics/directions.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

// Eigenvalues of XᵀX/N that are not rounding, and each row's squared coordinates along their
// eigenvectors.
struct Spectrum {
  at::Tensor values;           // [R] ascending
  at::Tensor squared_weights;  // [N,R]; column sums are N · values
};

Spectrum spectrum_of(const at::Tensor& unit) {
  constexpr double kRounding = 1e-12;
  const auto n = static_cast<double>(unit.size(0));
  const bool dual = unit.size(0) > unit.size(1);
  const auto matrix = gram(dual ? unit : unit.t().contiguous()) / n;
  Spectrum spectrum;
  run_serial([&] {
    const auto [values, vectors] = at::linalg_eigh(matrix, "L");
    const auto kept = (values > kRounding * values.max()).nonzero().squeeze(1);
    spectrum.values = values.index_select(0, kept);
    const auto basis = vectors.index_select(1, kept);
    // The eigenvectors v of XXᵀ/N are Xu/√(Nλ).
    spectrum.squared_weights =
        dual ? unit.mm(basis).square() : basis.square() * (n * spectrum.values);
  });
  return spectrum;
}

struct Entropy {
  double value = 0.0;
  at::Tensor influences;  // [N], of mean zero
};

Entropy shannon(const Spectrum& spectrum) {
  const auto logs = spectrum.values.log();
  const double value = -(spectrum.values * logs).sum().item<double>();
  return {value, -spectrum.squared_weights.mv(logs) - value};
}

Entropy min_entropy(const Spectrum& spectrum) {
  const double largest = spectrum.values[-1].item<double>();
  return {-std::log(largest), 1.0 - spectrum.squared_weights.select(1, -1) / largest};
}

Entropy renyi(const Spectrum& spectrum, double q) {
  // Relative to the largest, so that a large q does not underflow.
  const double largest = spectrum.values[-1].item<double>();
  const auto relative = spectrum.values / largest;
  const double power_sum = relative.pow(q).sum().item<double>();
  const auto forms = spectrum.squared_weights.mv(relative.pow(q - 1.0)) / largest;
  return {(std::log(power_sum) + q * std::log(largest)) / (1.0 - q),
          q / (1.0 - q) * (forms / power_sum - 1.0)};
}

}  // namespace

Mean vendi_score(const at::Tensor& rows, double q) {
  TORCH_CHECK(rows.dim() == 2 && rows.size(0) >= 2 && q >= 0.0, "vendi_score: rows ", rows.sizes(),
              ", q = ", q);
  const Spectrum spectrum = spectrum_of(unit_rows(rows, {"vendi", "generated"}));
  Entropy entropy;
  run_serial([&] {
    if (std::isinf(q)) {
      entropy = min_entropy(spectrum);
    } else {
      entropy = q == 1.0 ? shannon(spectrum) : renyi(spectrum, q);
    }
  });
  const double score = std::exp(entropy.value);
  return {score, score * mean_of(entropy.influences).standard_error};
}

MetricValue compute_vendi(const MetricInputs& inputs) {
  const auto rows = checked_rows(inputs.features.generated, {"vendi", "generated"});
  const double q = option(inputs, "vendi.q");
  const Mean score = vendi_score(rows, q);
  return scored(inputs, score,
                {.metric = "vendi",
                 .estimator = "eigenvalues of cosine similarity / n, f64",
                 .n_generated = rows.size(0),
                 .settings = {{"q", fmt::format("{}", q)}}});
}

}  // namespace assay
