// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/code_rate.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "metrics/numerics/linalg.h"

namespace assay {

at::Tensor quantiser_indices(const at::Tensor& codes, double step) {
  TORCH_CHECK(step > 0.0, "quantiser_indices: step is ", step);
  return (codes.to(at::kDouble) / step).round();
}

Mean entropy_of_indices(const at::Tensor& indices) {
  TORCH_CHECK(indices.dim() == 2 && indices.size(0) >= 2,
              "entropy_of_indices: needs [N,Z] with N of at least 2, not ", indices.sizes());
  const auto rows = static_cast<double>(indices.size(0));
  auto bits = at::zeros({indices.size(0)}, at::kDouble);
  run_serial([&] {
    for (std::int64_t j = 0; j < indices.size(1); ++j) {
      const auto [values, places, counts] = at::_unique2(
          indices.select(1, j).contiguous(), /*sorted=*/true, /*return_inverse=*/true, true);
      const auto length = std::log2(rows) - counts.to(at::kDouble).log2();
      bits += length.index_select(0, places);
    }
  });
  return mean_of(bits);
}

double allowed_step(const at::Tensor& distortions, double tolerance) {
  TORCH_CHECK(distortions.dim() == 2 && distortions.size(0) >= 2 && distortions.size(1) == 2 &&
                  distortions.scalar_type() == at::kDouble,
              "allowed_step: needs [K,2] f64 with K of at least 2, not ", distortions.sizes());
  const auto rows = distortions.contiguous();
  const auto* row = rows.const_data_ptr<double>();
  const auto last = static_cast<std::size_t>(rows.size(0) - 1);
  const double most = (1.0 + tolerance) * row[1];
  const double fine = row[2 * last], error = row[2 * last + 1];
  TORCH_CHECK(error <= most, "allowed_step: no step is fine");
  // Not even the widest one matters.
  if (last == 1) return fine;
  const double wide = row[2 * last - 2], too_much = row[2 * last - 1];
  const double share = (most - error) / (too_much - error);
  return std::sqrt(fine * fine + share * (wide * wide - fine * fine));
}

MetricValue compute_code_rate(const MetricInputs& inputs) {
  const auto codes = checked_rows(inputs.codes.means, {"code_rate", "codes"});
  const auto distortions = checked_rows(inputs.codes.distortions, {"code_rate", "distortions"});
  const double tolerance = option(inputs, "code_rate.tolerance");
  const double step = allowed_step(distortions, tolerance);
  const Mean rate = entropy_of_indices(quantiser_indices(codes, step));
  return scored(
      inputs, rate,
      {.metric = "code_rate",
       .estimator = "sum of entropies of uniformly quantised code units, bits per image",
       .n_real = codes.size(0),
       .settings = {{"tolerance", fmt::format("{}", tolerance)},
                    {"images_decoded", std::to_string(whole_option(inputs, "code_rate.images"))}}});
}

}  // namespace assay
