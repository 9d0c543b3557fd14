// SPDX-License-Identifier: Apache-2.0
// Times Inception-v3's features of 16 images of 299 × 299 in one batch, weights filled by hash, on
// two threads. The peer, peers_inception.py, does the same with torch-fidelity; see ci/perf.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "../oracle/hash_filled_inception.h"
#include "metrics/extractors/inception_v3.h"
#include "repeat.h"

namespace {

constexpr int kThreads = 2;
constexpr std::int64_t kImages = 16;
constexpr std::int64_t kSize = 299;

// The top byte of i · 2654435761 mod 2³².
at::Tensor images() {
  auto bytes = at::empty({kImages, 3, kSize, kSize}, at::kByte);
  auto* values = bytes.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < bytes.numel(); ++i) {
    values[i] = static_cast<std::uint8_t>((static_cast<std::uint32_t>(i) * 2654435761U) >> 24);
  }
  return bytes;
}

}  // namespace

int main() {
  at::set_num_threads(kThreads);
  const auto extractor = assay::inception_v3_of(assay::hash_filled_inception(), "hash-filled");
  const auto input = images();
  extractor->extract(input);  // warm-up
  assay::perf::repeat_on_demand([&] {
    const auto out = extractor->extract(input);
    return std::vector{out.features.to(at::kDouble).sum().item<double>(),
                       out.logits.to(at::kDouble).square().sum().item<double>()};
  });
}
