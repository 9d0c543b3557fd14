// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/sap.h"

#include <ATen/ATen.h>

#include <string>

#include "metrics/learners/linear_svm.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

std::span<const double> numbers(const at::Tensor& row) {
  return {row.const_data_ptr<double>(), static_cast<std::size_t>(row.numel())};
}

std::span<const std::int64_t> wholes(const at::Tensor& row) {
  return {row.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(row.numel())};
}

}  // namespace

at::Tensor svm_hits(const CheckedCodes& codes, const Split& split) {
  // Columns as contiguous rows.
  const auto train = codes.values.index_select(0, split.train).t().contiguous();
  const auto test = codes.values.index_select(0, split.test).t().contiguous();
  const auto train_factors = codes.factors.index_select(0, split.train).t().contiguous();
  const auto test_factors = codes.factors.index_select(0, split.test).t().contiguous();
  auto hits = at::zeros({train.size(0), train_factors.size(0), test.size(1)}, at::kBool);
  auto* hit = hits.mutable_data_ptr<bool>();
  for (std::int64_t code = 0; code < train.size(0); ++code) {
    const auto values = test[code];
    for (std::int64_t factor = 0; factor < train_factors.size(0); ++factor) {
      const LinearSvm svm(numbers(train[code]), wholes(train_factors[factor]));
      const auto truth = test_factors[factor];
      for (std::size_t row = 0; row < numbers(values).size(); ++row) {
        *hit++ = svm.predict(numbers(values)[row]) == wholes(truth)[row];
      }
    }
  }
  return hits;
}

Mean sap(const at::Tensor& hits) {
  TORCH_CHECK(hits.dim() == 3 && hits.size(0) >= 2, "sap: needs [L,F,T] with two codes, not ",
              hits.sizes());
  Mean score;
  run_serial([&] {
    const auto cases = hits.to(at::kDouble);
    const auto best = std::get<1>(cases.mean(2).topk(2, 0));  // [2,F]
    const auto chosen = cases.gather(0, best.unsqueeze(2).expand({2, -1, hits.size(2)}));
    score = mean_of((chosen[0] - chosen[1]).mean(0));
  });
  return score;
}

MetricValue compute_sap(const MetricInputs& inputs) {
  const CheckedCodes codes = checked_codes(inputs, "sap");
  const Split split = train_test_split(codes.values.size(0));
  const Mean score = sap(svm_hits(codes, split));
  return scored(
      inputs, score,
      {.metric = "sap",
       .estimator = "linear SVM per code, C 0.01, balanced, on 2/3 of rows, scored on the rest",
       .n_real = codes.values.size(0)});
}

}  // namespace assay
