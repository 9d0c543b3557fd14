// SPDX-License-Identifier: Apache-2.0
#include "metrics/moments.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "metrics/linalg.h"

namespace assay {
namespace {

constexpr std::int64_t kBlockRows = 1024;

}  // namespace

MomentAccumulator::MomentAccumulator(std::int64_t dimensions, at::ScalarType blocks)
    : block_(at::empty({kBlockRows, dimensions}, blocks)),
      sum_(at::zeros({dimensions}, at::kDouble)),
      scatter_(at::zeros({dimensions, dimensions}, at::kDouble)) {}

void MomentAccumulator::add(const at::Tensor& rows) {
  TORCH_CHECK(rows.dim() == 2 && rows.size(1) == block_.size(1), "MomentAccumulator: needs [B,",
              block_.size(1), "], not ", rows.sizes());
  for (std::int64_t begin = 0; begin < rows.size(0);) {
    const auto taken = std::min(kBlockRows - in_block_, rows.size(0) - begin);
    block_.slice(0, in_block_, in_block_ + taken).copy_(rows.slice(0, begin, begin + taken));
    in_block_ += taken;
    begin += taken;
    if (in_block_ == kBlockRows) absorb_block();
  }
}

void MomentAccumulator::absorb_block() {
  auto rows = block_.slice(0, 0, in_block_);
  run_serial([&] {
    // Rounded to the blocks' type: subtracting it from an f32 row of like size is then exact.
    if (!pilot_.defined()) pilot_ = rows.mean(0, false, at::kDouble).to(rows.scalar_type());
  });
  rows.sub_(pilot_);  // element by element: any number of threads gives the same bits
  run_serial([&] { sum_.add_(rows.sum(0, false, at::kDouble)); });
  add_upper_gram(scatter_, rows);
  count_ += in_block_;
  in_block_ = 0;
}

Moments MomentAccumulator::finish() {
  if (in_block_ > 0) absorb_block();
  TORCH_CHECK(count_ >= 2, "MomentAccumulator: ", count_, " rows have no covariance");
  const auto n = static_cast<double>(count_);
  const auto offset = sum_ / n;
  auto covariance = (scatter_ - n * at::outer(offset, offset)) / (n - 1.0);
  mirror_upper(covariance);
  return {pilot_.to(at::kDouble) + offset, covariance, count_};
}

Moments moments_of(const at::Tensor& rows, at::ScalarType blocks) {
  MomentAccumulator accumulator(rows.size(1), blocks);
  accumulator.add(rows);
  return accumulator.finish();
}

}  // namespace assay
