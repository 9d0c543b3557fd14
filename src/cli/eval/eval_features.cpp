// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_features.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/context.h"
#include "core/error.h"
#include "core/paths.h"
#include "metrics/features/feature_cache.h"

namespace assay {
namespace {

constexpr std::uintmax_t kMostCachedBytes = std::uintmax_t{4} << 30;

// Rows of each group to their places among all.
void scatter(at::Tensor& all, const at::Tensor& part, const at::Tensor& rows, std::int64_t count) {
  if (!part.defined()) return;
  if (!all.defined()) all = at::empty({count, part.size(1)}, part.options());
  all.index_copy_(0, rows, part);
}

// The cache saves time; that it cannot be written is no reason to lose a score.
void try_to_keep(const FeatureCache& cache, const EvalSource& source, const Protocol& protocol,
                 const Features& features) {
  try {
    cache.keep(source.digest, protocol, features);
  } catch (const Error& problem) {
    fmt::print(stderr, "features of {} are not kept for next time: {}\n", source.name,
               problem.what());
  }
}

}  // namespace

void extract_features(EvalSource& source, Extractor& extractor, const ExtractionOptions& options) {
  if (source.drawn) return;  // they came with the samples
  const FeatureCache cache(cache_folder() / "features", kMostCachedBytes);
  const Protocol protocol = extractor.protocol();
  Features found;
  // Without weights there is nothing to compute that reading would save.
  const bool keep = options.keep && protocol.at("extractor_sha256") != "none";
  const auto kept = keep ? cache.find(source.digest, protocol) : std::nullopt;
  if (kept) {
    found = *kept;
  } else {
    const bool live = !options.quiet && is_terminal(STDERR_FILENO);
    const std::int64_t all = source.rows();
    std::int64_t before = 0;
    for (const auto& group : source.images) {
      const Features part = extractor.extract(group.images, [&](std::int64_t done) {
        if (live) fmt::print(stderr, "\r\x1b[2K{}: {}/{} images", source.name, before + done, all);
      });
      before += group.images.size(0);
      scatter(found.features, part.features, group.rows, all);
      scatter(found.logits, part.logits, group.rows, all);
      scatter(found.spatial, part.spatial, group.rows, all);
    }
    if (live) fmt::print(stderr, "\r\x1b[2K");
    if (keep) try_to_keep(cache, source, protocol, found);
  }
  source.features = found.features;
  source.logits = found.logits;
  source.spatial = found.spatial;
}

}  // namespace assay
