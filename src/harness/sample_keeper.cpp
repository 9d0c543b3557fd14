// SPDX-License-Identifier: Apache-2.0
#include "harness/sample_keeper.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/batch_stream.h"
#include "kernels/pointwise/spread.h"

namespace assay {
namespace {

// 65,536 squares of bytes still fit into 32 bits, which are summed faster.
constexpr std::int64_t kMostRows = 65536;

// Appends rows to a tensor that has room for `count` of them.
void append(at::Tensor& all, const at::Tensor& rows, std::int64_t done, std::int64_t count) {
  if (!rows.defined()) return;
  if (!all.defined()) {
    auto sizes = rows.sizes().vec();
    sizes[0] = count;
    all = at::empty(sizes, rows.options());
  }
  all.narrow(0, done, rows.size(0)).copy_(rows);
}

}  // namespace

void PixelSpread::add(const at::Tensor& given) {
  TORCH_CHECK(given.scalar_type() == at::kByte && given.dim() > 0, "pixels are bytes, not ",
              given.scalar_type());
  for (const auto& part : given.split(kMostRows)) {
    const auto pixels = part.contiguous();
    const auto rows = pixels.size(0);
    if (rows == 0) continue;
    const auto columns = static_cast<std::size_t>(pixels.numel() / rows);
    std::vector<std::uint32_t> sums(columns), squares(columns);
    const std::uint8_t* row = pixels.const_data_ptr<std::uint8_t>();
    for (std::int64_t n = 0; n < rows; ++n, row += columns) {
      for (std::size_t c = 0; c < columns; ++c) {
        const std::uint32_t level = row[c];
        sums[c] += level;
        squares[c] += level * level;
      }
    }
    sums_.resize(columns);
    squares_.resize(columns);
    for (std::size_t c = 0; c < columns; ++c) {
      sums_[c] += sums[c];
      squares_[c] += squares[c];
    }
    count_ += rows;
  }
}

double PixelSpread::value() const {
  if (count_ == 0 || sums_.empty()) return 0.0;
  const auto n = static_cast<std::uint64_t>(count_);
  double sum = 0.0;
  for (std::size_t c = 0; c < sums_.size(); ++c) {
    // n² times the variance; never negative (Cauchy-Schwarz), below 2^63 for 10 million images.
    const std::uint64_t scaled = n * squares_[c] - sums_[c] * sums_[c];
    sum += std::sqrt(static_cast<double>(scaled));
  }
  return sum / static_cast<double>(count_) / static_cast<double>(sums_.size());
}

Features FeatureParts::of(Features features) const {
  if (!logits) features.logits.reset();
  if (!spatial) features.spatial.reset();
  return features;
}

FeatureStream::FeatureStream(Extractor& extractor, std::int64_t count,
                             std::function<void(std::int64_t)> progress, FeatureParts parts)
    : extractor_(extractor), count_(count), progress_(std::move(progress)), parts_(parts) {}

void FeatureStream::add(const at::Tensor& pixels) {
  const auto ready = waiting_.defined() ? at::cat({waiting_, pixels}) : pixels;
  const auto rest = ready.size(0) % extractor_.block_size();
  const auto whole = ready.size(0) - rest;
  if (whole > 0) extract(ready.narrow(0, 0, whole));
  waiting_ = rest > 0 ? ready.narrow(0, whole, rest).clone() : at::Tensor();
}

void FeatureStream::extract(const at::Tensor& pixels) {
  const auto part = parts_.of(extractor_.extract(pixels, [this](std::int64_t done) {
    if (progress_) progress_(done_ + done);
  }));
  append(features_.features, part.features, done_, count_);
  append(features_.logits, part.logits, done_, count_);
  append(features_.spatial, part.spatial, done_, count_);
  done_ += pixels.size(0);
}

Features FeatureStream::finish() {
  if (waiting_.defined()) extract(std::exchange(waiting_, at::Tensor()));
  TORCH_CHECK(done_ == count_, "features of ", done_, " images, not of ", count_);
  return std::move(features_);
}

SampleKeeper::SampleKeeper(SampleNeeds needs) : needs_(std::move(needs)) {
  if (needs_.extractor != nullptr)
    stream_.emplace(*needs_.extractor, needs_.count, needs_.progress, needs_.parts);
}

void SampleKeeper::take(const at::Tensor& samples) {
  if (!samples.isfinite().all().item<bool>()) {
    throw NonFiniteSamples(
        "a sample is not finite, so that it cannot be scored: the model has diverged; lower "
        "optimizer.learning_rate, or look at the losses of the run");
  }
  points_ = samples.dim() == 2;
  const auto rows = points_ ? samples : to_pixels(samples);
  if (points_ || needs_.whole) append(whole_, rows, done_, needs_.count);
  if (!points_) {
    const auto shown = std::min(rows.size(0), needs_.shown - done_);
    if (shown > 0) shown_.push_back(rows.narrow(0, 0, shown).clone());
    pixel_spread_.add(rows);
    if (stream_) stream_->add(rows);
  }
  done_ += rows.size(0);
}

at::Tensor SampleKeeper::shown() const {
  if (points_) return whole_;
  return shown_.empty() ? at::Tensor() : at::cat(shown_);
}

at::Tensor SampleKeeper::whole() const { return whole_; }

Features SampleKeeper::features() { return stream_ ? stream_->finish() : Features{}; }

double SampleKeeper::spread() const {
  return points_ ? assay::spread(whole_).item<double>() : pixel_spread_.value();
}

}  // namespace assay
