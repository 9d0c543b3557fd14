// SPDX-License-Identifier: Apache-2.0
#include "metrics/moments.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "metrics/linalg.h"

namespace assay {
namespace {

constexpr std::int64_t kBlockRows = 1024;

}  // namespace

MomentAccumulator::MomentAccumulator(std::int64_t dimensions)
    : block_(at::empty({kBlockRows, dimensions}, at::kDouble)),
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
  const auto rows = block_.slice(0, 0, in_block_);
  at::Tensor centred;
  run_serial([&] {
    if (!pilot_.defined()) pilot_ = rows.mean(0);
    centred = rows - pilot_;
    sum_.add_(centred.sum(0));
  });
  scatter_.add_(gram(centred));
  count_ += in_block_;
  in_block_ = 0;
}

Moments MomentAccumulator::finish() {
  if (in_block_ > 0) absorb_block();
  TORCH_CHECK(count_ >= 2, "MomentAccumulator: ", count_, " rows have no covariance");
  const auto n = static_cast<double>(count_);
  const auto offset = sum_ / n;
  return {pilot_ + offset, (scatter_ - n * at::outer(offset, offset)) / (n - 1.0), count_};
}

Moments moments_of(const at::Tensor& rows) {
  MomentAccumulator accumulator(rows.size(1));
  accumulator.add(rows);
  return accumulator.finish();
}

}  // namespace assay
