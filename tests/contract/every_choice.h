// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <torch/nn.h>

#include <cctype>
#include <ostream>

#include "config/definition.h"
#include "data/batch_stream.h"
#include "families/registry.h"
#include "tests/families/small_model.h"
#include "tests/small_families.h"

namespace assay {

// Without it CTest would name the tests after the bytes of a SmallFamily.
inline void PrintTo(const SmallFamily& setting, std::ostream* out) { *out << setting.label; }

inline constexpr std::int64_t kImages = 8;
inline const std::vector<std::int64_t> kFactorSizes = {2, 3};

/// Of all families each choice of each key, and each network with averaged weights and without:
/// those that need nothing else to be set, beside the small families.
inline std::vector<SmallFamily> every_choice() {
  std::vector<SmallFamily> all = small_families();
  for (const Family& one : families()) {
    const auto plain =
        resolve_text(fmt::format("family = \"{}\"\n", one.name), "plain", family_schema, {});
    const bool classifies = one.capabilities(plain).classifies;
    for (const Key& key : one.schema()) {
      for (const std::string& choice : key.choices) {
        const bool network = key.path == "model.network";
        for (const char* decay : {"0", "0.9"}) {
          if (!network && std::string_view(decay) != "0") continue;
          const std::int64_t side = classifies ? 28 : choice == "burgess" ? 32 : 16;
          auto name = fmt::format("{}_{}_{}_{}", one.name, key.path, choice, decay);
          std::erase_if(name,
                        [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
          all.push_back({name,
                         fmt::format("family = \"{}\"\n{} = \"{}\"\nema.decay = {}\n", one.name,
                                     key.path, choice, decay),
                         {1, side, side},
                         10});
        }
      }
    }
  }
  return all;
}

inline Batch eight_examples(const SmallFamily& setting) {
  auto shape = setting.example_shape;
  shape.insert(shape.begin(), kImages);
  const auto k = torch::arange(kImages);
  return {.images = torch::rand(shape, seeded(3)).mul(2.0).sub(1.0),
          .labels = k,
          .factors = torch::stack({k.remainder(kFactorSizes[0]), k.remainder(kFactorSizes[1])}, 1)};
}

inline Definition definition_of(const SmallFamily& setting) {
  return resolve_text(setting.toml, setting.label, family_schema, {});
}

/// Throws Error for settings that need more than one key.
inline std::unique_ptr<Trainable> build(const SmallFamily& setting) {
  const auto definition = definition_of(setting);
  torch::manual_seed(1);
  const auto images = eight_examples(setting).images.repeat_interleave(4, 0);
  return family(definition.family)
      .make({.definition = definition,
             .example_shape = setting.example_shape,
             .classes = setting.classes,
             .training_images = images.dim() == 4 ? to_pixels(images) : images,
             .factor_sizes = kFactorSizes});
}

}  // namespace assay
