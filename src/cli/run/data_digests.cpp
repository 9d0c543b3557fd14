// SPDX-License-Identifier: Apache-2.0
#include "cli/run/data_digests.h"

#include "data/data_digest.h"
#include "harness/runner.h"

namespace assay {

const std::optional<std::string>& DataDigests::of(const Definition& definition) {
  const DatasetRequest request = dataset_request_of(definition);
  const auto [found, is_new] =
      known_.try_emplace(std::tuple(request.name, request.path, request.count, request.seed,
                                    request.radius, request.noise, request.scale));
  if (is_new) found->second = data_digest(request);
  return found->second;
}

}  // namespace assay
