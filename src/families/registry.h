// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "families/trainable.h"

namespace assay {

struct Family {
  std::string_view name;
  std::string_view paper;
  /// The keys of its [model], [objective], [sampler] tables, and further [optimizer] keys.
  Schema (*schema)();
  /// Throws Error if the definition cannot be built (e.g. an image size the network does not fit).
  std::unique_ptr<Trainable> (*make)(const ModelArgs&);
};

/// The complete list of families, hand-written: autoencoder, vae, vq_vae, gan, ddpm,
/// classifier.
const std::vector<Family>& families();

/// Throws Error with the near miss for an unknown name.
const Family& family(std::string_view name);

/// The schema callback that config/definition.h asks for.
Schema family_schema(const std::string& name);

}  // namespace assay
