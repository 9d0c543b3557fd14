// SPDX-License-Identifier: Apache-2.0
#include "data/batch_stream.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "data/binarisation.h"

namespace assay {
namespace {

constexpr std::size_t kQueueLength = 3;

// Order and flips of one epoch: functions of the seeds and the epoch's number alone.
class EpochPlan {
 public:
  EpochPlan(const BatchStreamOptions& options, std::int64_t number, std::int64_t size,
            const std::vector<std::int64_t>& drawn)
      : epoch(number),
        order(RandomStream(stream_seed(options.order_seed, fmt::format("epoch {}", number)))
                  .permutation(size)) {
    if (!drawn.empty()) order = of_packs(drawn, options.resampled_packs);
    if (!options.horizontal_flip) return;
    RandomStream random(stream_seed(options.augment_seed, fmt::format("flip {}", number)));
    flip.resize(order.size());
    for (std::size_t i = 0; i < flip.size(); ++i) flip[i] = (random.bits() >> 63) != 0;
  }

  std::int64_t epoch;
  std::vector<std::int64_t> order;
  std::vector<bool> flip;  // by position in the epoch; empty without flips

 private:
  // The members of each pack, in the packs' order.
  std::vector<std::int64_t> of_packs(const std::vector<std::int64_t>& drawn, std::int64_t m) const {
    std::vector<std::int64_t> members;
    members.reserve(drawn.size());
    for (const std::int64_t pack : order) {
      const auto first = drawn.begin() + pack * m;
      members.insert(members.end(), first, first + m);
    }
    return members;
  }
};

// Member j of pack i, at i·m + j; empty where there are no packs.
std::vector<std::int64_t> drawn_packs(const BatchStreamOptions& options, std::int64_t size) {
  std::vector<std::int64_t> drawn(static_cast<std::size_t>(size * options.resampled_packs));
  RandomStream random(options.resample_seed);
  for (auto& row : drawn) {
    row = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size)));
  }
  return drawn;
}

// Plain loops on one thread: the prefetching thread must not take OpenMP threads from training.
class Assembler {
 public:
  Assembler(const DataSplit& split, const BatchStreamOptions& options)
      : options_(options),
        images_(split.images.contiguous()),
        labels_(split.labels.defined() ? split.labels.contiguous() : split.labels),
        factors_(split.factors.defined() ? split.factors.contiguous() : split.factors),
        drawn_(drawn_packs(options, split.size())),
        batches_per_epoch_(split.size() * std::max<std::int64_t>(1, options.resampled_packs) /
                           options.batch_size) {
    const auto model_range = to_model_range(at::arange(256, at::kInt).to(at::kByte).view({1, 256}));
    std::memcpy(table_.data(), model_range.const_data_ptr(), sizeof(table_));
  }

  Batch assemble(std::int64_t index) {
    const auto epoch = index / batches_per_epoch_;
    if (!plan_ || plan_->epoch != epoch) plan_.emplace(options_, epoch, images_.size(0), drawn_);
    auto sizes = images_.sizes().vec();
    sizes[0] = options_.batch_size;
    Batch batch{at::empty(sizes, at::kFloat), {}};
    if (labels_.defined()) batch.labels = at::empty({options_.batch_size}, at::kLong);
    if (!options_.horizontal_flip && !options_.binarisation_seed) {
      batch.rows = at::empty({options_.batch_size}, at::kLong);
    }
    if (factors_.defined()) {
      batch.factors = at::empty({options_.batch_size, factors_.size(1)}, at::kLong);
    }
    const auto first = index % batches_per_epoch_ * options_.batch_size;
    coins_.reset();
    if (options_.binarisation_seed) {
      coins_.emplace(stream_seed(*options_.binarisation_seed, fmt::format("batch {}", index)));
    }
    for (std::int64_t i = 0; i < options_.batch_size; ++i) copy_row(batch, i, first + i);
    return batch;
  }

  std::int64_t batches_per_epoch() const { return batches_per_epoch_; }

 private:
  void copy_row(Batch& batch, std::int64_t row, std::int64_t position) {
    const auto source = plan_->order[static_cast<std::size_t>(position)];
    const auto row_size = images_.numel() / images_.size(0);
    if (batch.rows.defined()) batch.rows.mutable_data_ptr<std::int64_t>()[row] = source;
    auto* out = batch.images.mutable_data_ptr<float>() + row * row_size;
    if (labels_.defined()) {
      batch.labels.mutable_data_ptr<std::int64_t>()[row] =
          labels_.const_data_ptr<std::int64_t>()[source];
    }
    if (factors_.defined()) {
      const auto count = factors_.size(1);
      std::copy_n(factors_.const_data_ptr<std::int64_t>() + source * count, count,
                  batch.factors.mutable_data_ptr<std::int64_t>() + row * count);
    }
    if (images_.scalar_type() == at::kFloat) {
      std::memcpy(out, images_.const_data_ptr<float>() + source * row_size,
                  static_cast<std::size_t>(row_size) * sizeof(float));
      return;
    }
    const auto* in = images_.const_data_ptr<std::uint8_t>() + source * row_size;
    const bool flip = !plan_->flip.empty() && plan_->flip[static_cast<std::size_t>(position)];
    const auto width = images_.size(-1);
    for (std::int64_t begin = 0; begin < row_size; begin += width) {
      for (std::int64_t x = 0; x < width; ++x) {
        const auto pixel = in[begin + (flip ? width - 1 - x : x)];
        out[begin + x] = table_[coins_ ? (*coins_)(pixel) : pixel];
      }
    }
  }

  BatchStreamOptions options_;
  at::Tensor images_, labels_, factors_;
  std::vector<std::int64_t> drawn_;
  std::int64_t batches_per_epoch_;
  std::array<float, 256> table_{};
  std::optional<EpochPlan> plan_;
  std::optional<PixelCoins> coins_;  // of the batch that is being assembled
};

void check_split(const DataSplit& split, const BatchStreamOptions& options) {
  TORCH_CHECK(options.batch_size > 0, "BatchStream: batch_size is ", options.batch_size);
  const auto type = split.images.scalar_type();
  TORCH_CHECK((split.images.dim() == 4 && type == at::kByte) ||
                  (split.images.dim() == 2 && type == at::kFloat),
              "BatchStream: needs [N,C,H,W] u8 or [N,D] f32, not ", split.images.sizes(), " ",
              type);
  TORCH_CHECK(!split.labels.defined() || (split.labels.scalar_type() == at::kLong &&
                                          split.labels.sizes() == at::IntArrayRef{split.size()}),
              "BatchStream: needs one i64 label per example, not ", split.labels.sizes());
  TORCH_CHECK(!split.factors.defined() ||
                  (split.factors.scalar_type() == at::kLong && split.factors.dim() == 2 &&
                   split.factors.size(0) == split.size()),
              "BatchStream: needs [N,F] i64 factors, not ", split.factors.sizes());
  TORCH_CHECK(!options.horizontal_flip || split.images.dim() == 4,
              "BatchStream: points cannot be flipped");
  TORCH_CHECK(!options.binarisation_seed || type == at::kByte,
              "BatchStream: only u8 images can be binarised, not ", type);
  if (split.size() < options.batch_size) {
    throw Error(
        fmt::format("train.batch_size = {} is more than the {} training examples there are; "
                    "make it smaller",
                    options.batch_size, split.size()));
  }
  if (options.resampled_packs > 0 && options.batch_size % options.resampled_packs != 0) {
    throw Error(fmt::format(
        "dataset.resampled_packs = {} needs batches that it divides, not train.batch_size = {}",
        options.resampled_packs, options.batch_size));
  }
}

}  // namespace

class BatchStream::Worker {
 public:
  Worker(const DataSplit& split, const BatchStreamOptions& options) : assembler_(split, options) {
    thread_ = std::thread([this] { run(); });
  }

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    room_.notify_one();
    thread_.join();
  }

  void seek(std::int64_t index) {
    TORCH_CHECK(index >= 0, "BatchStream: seek(", index, ")");
    {
      const std::lock_guard lock(mutex_);
      queue_.clear();
      next_index_ = index;
      ++generation_;
    }
    room_.notify_one();
  }

  Batch next() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return !queue_.empty(); });
    // A failure stays in the queue: every later call meets it again.
    if (const auto* problem = std::get_if<std::exception_ptr>(&queue_.front())) {
      std::rethrow_exception(*problem);
    }
    Batch batch = std::move(std::get<Batch>(queue_.front()));
    queue_.pop_front();
    lock.unlock();
    room_.notify_one();
    return batch;
  }

  std::int64_t batches_per_epoch() const { return assembler_.batches_per_epoch(); }

 private:
  using Item = std::variant<Batch, std::exception_ptr>;

  bool wants_more() const {
    const bool failed =
        !queue_.empty() && std::holds_alternative<std::exception_ptr>(queue_.back());
    return queue_.size() < kQueueLength && !failed;
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      room_.wait(lock, [this] { return stopping_ || wants_more(); });
      if (stopping_) return;
      const auto generation = generation_;
      const auto index = next_index_++;
      lock.unlock();
      Item item = assemble(index);
      lock.lock();
      // seek() came in between: this batch is of the old sequence.
      if (generation != generation_) continue;
      queue_.push_back(std::move(item));
      ready_.notify_one();
    }
  }

  Item assemble(std::int64_t index) {
    try {
      return assembler_.assemble(index);
    } catch (...) {
      return std::current_exception();
    }
  }

  Assembler assembler_;
  std::mutex mutex_;
  std::condition_variable ready_, room_;
  std::deque<Item> queue_;
  std::int64_t next_index_ = 0;
  std::uint64_t generation_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

BatchStream::BatchStream(const DataSplit& split, const BatchStreamOptions& options) {
  check_split(split, options);
  worker_ = std::make_unique<Worker>(split, options);
}

BatchStream::~BatchStream() = default;

void BatchStream::seek(std::int64_t index) { worker_->seek(index); }

Batch BatchStream::next() { return worker_->next(); }

std::int64_t BatchStream::batches_per_epoch() const { return worker_->batches_per_epoch(); }

at::Tensor to_model_range(const at::Tensor& images) {
  if (images.scalar_type() != at::kByte) return images;
  return images.to(at::kFloat).div_(127.5).sub_(1.0);
}

at::Tensor to_pixels(const at::Tensor& images) {
  return images.clamp(-1.0, 1.0).add_(1.0).mul_(127.5).round_().to(at::kByte);
}

}  // namespace assay
