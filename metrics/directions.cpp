// SPDX-License-Identifier: Apache-2.0
#include "metrics/directions.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/error.h"
#include "metrics/numerics/linalg.h"

namespace assay {

at::Tensor unit_rows(const at::Tensor& rows, const InputName& name) {
  at::Tensor unit;
  run_serial([&] {
    // Scaled first: squares of very small or large values would leave the range.
    const auto largest = rows.abs().amax(1, /*keepdim=*/true);
    const auto zero = largest.squeeze(1).eq(0.0);
    if (zero.any().item<bool>()) {
      throw Error(
          fmt::format("{}: {} of {} rows of the {} input are all zero, first row {}; they have no "
                      "direction to compare: drop these images or use another extractor",
                      name.metric, zero.sum().item<std::int64_t>(), rows.size(0), name.input,
                      zero.to(at::kInt).argmax().item<std::int64_t>()));
    }
    const auto scaled = rows / largest;
    unit = scaled / scaled.norm(2, {1}, /*keepdim=*/true);
  });
  return unit;
}

}  // namespace assay
