// SPDX-License-Identifier: Apache-2.0
#include "harness/example_scores.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

namespace assay {
namespace {

constexpr std::int64_t kMost = 1000;

}  // namespace

Artifact example_scores(const std::string& metric, const at::Tensor& values) {
  const auto kept = values.slice(0, 0, std::min(kMost, values.size(0))).to(at::kFloat).contiguous();
  std::string text = metric + "\n";
  const auto* value = kept.const_data_ptr<float>();
  for (std::int64_t i = 0; i < kept.size(0); ++i) text += fmt::format("{}\n", value[i]);
  return {"examples_" + metric, 0, "text/csv", text};
}

}  // namespace assay
