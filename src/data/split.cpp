// SPDX-License-Identifier: Apache-2.0
#include "data/split.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>

#include "core/digest.h"
#include "core/error.h"

namespace assay {
namespace {

void update_with_tensor(Sha256& digest, const at::Tensor& tensor) {
  if (!tensor.defined()) {
    digest.update("none\n");
    return;
  }
  const auto flat = tensor.contiguous();
  digest.update(fmt::format("{}[{}]\n", c10::toString(flat.scalar_type()),
                            fmt::join(flat.sizes().vec(), ",")));
  digest.update(std::string_view(static_cast<const char*>(flat.const_data_ptr()), flat.nbytes()));
}

std::uint64_t name_hash(const std::string& name) {
  const Sha256Bytes bytes = Sha256().update("assay split v1\n").update(name).bytes();
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < 8; ++i) hash = (hash << 8) | bytes[i];
  return hash;
}

at::Tensor rows_of(const at::Tensor& tensor, const std::vector<std::int64_t>& rows) {
  return tensor.defined() ? tensor.index_select(0, at::tensor(rows, at::kLong)) : tensor;
}

bool strictly_ascends(const std::vector<std::int64_t>& rows) {
  return std::ranges::adjacent_find(rows, std::greater_equal<>()) == rows.end();
}

// Puts the rows `front`, which ascend, before the rows `back`, in the memory that all lie in: the
// latter alone are held twice for a moment.
void move_to_front(at::Tensor& tensor, const std::vector<std::int64_t>& front,
                   const std::vector<std::int64_t>& back) {
  const auto behind = rows_of(tensor, back);
  const std::size_t bytes = tensor.nbytes() / static_cast<std::size_t>(tensor.size(0));
  auto* memory = static_cast<char*>(tensor.mutable_data_ptr());
  for (std::size_t i = 0; i < front.size(); ++i) {
    const auto from = static_cast<std::size_t>(front[i]);
    if (from != i) std::memcpy(memory + i * bytes, memory + from * bytes, bytes);
  }
  tensor.slice(0, static_cast<std::int64_t>(front.size())).copy_(behind);
}

at::Tensor contiguous_if_defined(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.contiguous() : tensor;
}

}  // namespace

std::string split_digest(const at::Tensor& images, const at::Tensor& labels,
                         const at::Tensor& factors) {
  Sha256 digest;
  update_with_tensor(digest, images);
  update_with_tensor(digest, labels);
  if (factors.defined()) update_with_tensor(digest, factors);
  return digest.hex();
}

DataSplit make_split(const at::Tensor& images, const at::Tensor& labels,
                     const at::Tensor& factors) {
  DataSplit split{images.contiguous(), contiguous_if_defined(labels), "",
                  contiguous_if_defined(factors)};
  split.digest = split_digest(split.images, split.labels, split.factors);
  return split;
}

SplitRows split_by_name(const std::vector<std::string>& names, const std::string& label) {
  if (names.size() < 2) {
    throw Error(fmt::format("{}: holds {} images; a training and a test split need at least two",
                            label, names.size()));
  }
  constexpr std::uint64_t kOneInTen = UINT64_MAX / 10;
  std::vector<std::uint64_t> hashes(names.size());
  std::transform(names.begin(), names.end(), hashes.begin(), name_hash);
  // Few files can all fall on one side: the lowest hash is then the test split, or the highest the
  // training split.
  const auto [lowest, highest] = std::minmax_element(hashes.begin(), hashes.end());
  const std::uint64_t limit = std::clamp(kOneInTen, *lowest, *highest - 1);
  SplitRows rows;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    (hashes[i] <= limit ? rows.test : rows.train).push_back(static_cast<std::int64_t>(i));
  }
  return rows;
}

SplitRows split_within_classes(const at::Tensor& labels, std::int64_t every) {
  TORCH_CHECK(labels.dim() == 1 && labels.scalar_type() == at::kLong && every > 0,
              "split_within_classes: needs [N] i64, not ", labels.sizes());
  const auto flat = labels.contiguous();
  const auto* label = flat.const_data_ptr<std::int64_t>();
  std::map<std::int64_t, std::int64_t> seen;
  SplitRows rows;
  for (std::int64_t i = 0; i < flat.size(0); ++i) {
    (++seen[label[i]] % every == 0 ? rows.test : rows.train).push_back(i);
  }
  return rows;
}

std::pair<DataSplit, DataSplit> apply_split(at::Tensor images, const at::Tensor& labels,
                                            const SplitRows& rows) {
  const auto train = static_cast<std::int64_t>(rows.train.size());
  const auto test = static_cast<std::int64_t>(rows.test.size());
  TORCH_CHECK(train + test == images.size(0) && strictly_ascends(rows.train),
              "apply_split: needs each of the rows once, those for training in their order");
  images = images.contiguous();
  move_to_front(images, rows.train, rows.test);
  return {make_split(images.narrow(0, 0, train), rows_of(labels, rows.train)),
          make_split(images.narrow(0, train, test), rows_of(labels, rows.test))};
}

}  // namespace assay
