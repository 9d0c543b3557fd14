// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/moments.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::int64_t kBlockRows = 1024;

}  // namespace

MomentAccumulator::MomentAccumulator(std::int64_t dimensions, at::ScalarType blocks)
    : blocks_(blocks),
      block_(at::empty({kBlockRows, dimensions}, blocks)),
      sum_(at::zeros({dimensions}, at::kDouble)),
      scatter_(at::zeros({dimensions, dimensions}, at::kDouble)) {
  if (blocks == at::kDouble && has_gram_kernel()) panels_.emplace(kBlockRows, dimensions);
}

void MomentAccumulator::add(const at::Tensor& rows) {
  TORCH_CHECK(rows.dim() == 2 && rows.size(1) == block_.size(1) && rows.is_floating_point(),
              "MomentAccumulator: needs [B,", block_.size(1), "], not ", rows.sizes());
  for (std::int64_t begin = 0; begin < rows.size(0);) {
    const auto taken = std::min(kBlockRows - in_block_, rows.size(0) - begin);
    const auto part = rows.slice(0, begin, begin + taken);
    begin += taken;
    if (taken == kBlockRows) {
      absorb(part);  // a whole block needs no gathering
      continue;
    }
    block_.slice(0, in_block_, in_block_ + taken).copy_(part);
    in_block_ += taken;
    if (in_block_ < kBlockRows) continue;
    absorb(block_);
    in_block_ = 0;
  }
}

void MomentAccumulator::absorb(const at::Tensor& rows) {
  // Rounded to the blocks' type: subtracting it from an f32 row of like size is then exact.
  run_serial([&] {
    if (!pilot_.defined()) {
      pilot_ = rows.to(blocks_).mean(0, false, at::kDouble).to(blocks_).to(at::kDouble);
    }
  });
  if (panels_) {
    add_by_panels(rows.contiguous());
  } else {
    add_by_products(rows);
  }
  count_ += rows.size(0);
}

void MomentAccumulator::add_by_panels(const at::Tensor& rows) {
  panels_->set_rows(rows.size(0));
  const double* shift = pilot_.const_data_ptr<double>();
  double* sums = sum_.mutable_data_ptr<double>();
  const auto stride = rows.size(1);
  for_each_parallel(panels_->panels(), [&](std::int64_t panel) {
    if (rows.scalar_type() == at::kFloat) {
      panels_->pack(panel, rows.const_data_ptr<float>(), stride, shift, sums);
    } else {
      panels_->pack(panel, rows.const_data_ptr<double>(), stride, shift, sums);
    }
  });
  constexpr std::int64_t kTilePanels = 16;
  std::vector<GramTile> tiles;
  for (std::int64_t i = 0; i < panels_->panels(); i += kTilePanels) {
    for (std::int64_t j = i; j < panels_->panels(); j += kTilePanels) {
      tiles.push_back({i, std::min(i + kTilePanels, panels_->panels()), j,
                       std::min(j + kTilePanels, panels_->panels()), /*upper=*/true});
    }
  }
  double* scatter = scatter_.mutable_data_ptr<double>();
  for_each_parallel(static_cast<std::int64_t>(tiles.size()), [&](std::int64_t t) {
    add_gram_tile(*panels_, tiles[static_cast<std::size_t>(t)], scatter, stride);
  });
}

void MomentAccumulator::add_by_products(const at::Tensor& rows) {
  // Element by element: any number of threads gives the same bits.
  const auto centred = rows.to(blocks_) - pilot_.to(blocks_);
  run_serial([&] { sum_.add_(centred.sum(0, false, at::kDouble)); });
  add_upper_gram(scatter_, centred);
}

Moments MomentAccumulator::finish() {
  if (in_block_ > 0) absorb(block_.slice(0, 0, in_block_));
  in_block_ = 0;
  TORCH_CHECK(count_ >= 2, "MomentAccumulator: ", count_, " rows have no covariance");
  const auto n = static_cast<double>(count_);
  const auto offset = sum_ / n;
  auto covariance = (scatter_ - n * at::outer(offset, offset)) / (n - 1.0);
  mirror_upper(covariance);
  return {pilot_ + offset, covariance, count_};
}

Moments moments_of(const at::Tensor& rows, at::ScalarType blocks) {
  MomentAccumulator accumulator(rows.size(1), blocks);
  accumulator.add(rows);
  return accumulator.finish();
}

}  // namespace assay
