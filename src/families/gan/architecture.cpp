// SPDX-License-Identifier: Apache-2.0
#include "families/gan/architecture.h"

#include <utility>

namespace assay {

// Each is described where it is defined.
GanArchitecture mlp_gan(), dcgan();

const Choices<GanArchitecture>& gan_architectures() {
  static const Choices<GanArchitecture> all = {{"mlp", mlp_gan()}, {"dcgan", dcgan()}};
  return all;
}

Key gan_widths(std::string path, std::vector<std::int64_t> value, std::string meaning,
               const std::string& network) {
  return {.path = std::move(path),
          .default_value = std::move(value),
          .meaning = std::move(meaning),
          .minimum = 1,
          .maximum = 65536,
          .needs = {{"model.network", {network}}}};
}

}  // namespace assay
