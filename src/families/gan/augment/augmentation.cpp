// SPDX-License-Identifier: Apache-2.0
#include "families/gan/augment/augmentation.h"

#include <fmt/format.h>

#include "families/gan/critic_penalty.h"
#include "families/refuse.h"

namespace assay {
namespace {

constexpr const char* kKey = "objective.augmentation";
constexpr const char* kNone = "none";

class Nothing : public Augmentation {
 public:
  torch::Tensor augmented(const torch::Tensor& images, const Noise&) const override {
    return images;
  }
};

AugmentationMethod nothing() {
  return {.paper = "",
          .make = [](const ModelArgs&) -> std::unique_ptr<Augmentation> {
            return std::make_unique<Nothing>();
          },
          .keys = [] { return Schema(); },
          .misfit = [](const Definition&) { return std::string(); }};
}

}  // namespace

// Each is described where it is defined.
AugmentationMethod diff_augment(), adaptive_augmentation();

const Choices<AugmentationMethod>& augmentations() {
  static const Choices<AugmentationMethod> all = {
      {kNone, nothing()}, {"diff_augment", diff_augment()}, {"ada", adaptive_augmentation()}};
  return all;
}

Schema augmentation_keys() {
  Schema schema = {{.path = kKey,
                    .default_value = std::string(kNone),
                    .meaning = "what the discriminator sees of real and of generated images, in "
                               "both networks' steps: DiffAugment (Zhao et al. 2020), or the "
                               "adaptive augmentation of Karras et al. 2020",
                    .choices = augmentations().names()}};
  for (const auto& name : augmentations().names()) {
    for (auto& key : augmentations().at(name).keys()) schema.push_back(std::move(key));
  }
  return schema;
}

void check_augmentation(const Definition& definition) {
  const auto name = definition.text(kKey);
  if (name == kNone) return;
  for (const auto* penalty : {"consistency", "generated_consistency"}) {
    refuse_if(is_on(definition, std::string("objective.") + penalty), definition,
              fmt::format("objective.{} compares what the discriminator says of an image and of "
                          "one moved a little, and {} = \"{}\" draws anew for each of the two; "
                          "keep one of them",
                          penalty, kKey, name));
  }
  const auto misfit = augmentations().at(name).misfit(definition);
  refuse_if(!misfit.empty(), definition, misfit);
}

std::unique_ptr<Augmentation> make_augmentation(const ModelArgs& args) {
  const auto name = args.definition.text(kKey);
  refuse_if(name != kNone && args.example_shape.size() != 3, args.definition,
            fmt::format("{} = \"{}\" is of images, and these are points; set it to \"{}\"", kKey,
                        name, kNone));
  return augmentations().at(name).make(args);
}

}  // namespace assay
