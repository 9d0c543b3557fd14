// SPDX-License-Identifier: Apache-2.0
#include "families/gan/augment/diff_augment.h"

#include <ATen/ATen.h>

#include "families/gan/augment/augmentation.h"

namespace assay {
namespace {

constexpr double kTranslation = 0.125, kCutout = 0.5;

std::int64_t rounded(std::int64_t side, double ratio) {
  return static_cast<std::int64_t>(static_cast<double>(side) * ratio + 0.5);
}

torch::Tensor over_images(const torch::Tensor& u) { return u.unsqueeze(2).unsqueeze(3); }

// One of {0, …, count − 1}, all equally likely; the product may round up to count.
torch::Tensor whole(const torch::Tensor& u, std::int64_t count) {
  return (u * static_cast<double>(count)).floor().clamp_max(static_cast<double>(count - 1));
}

torch::Tensor places(std::int64_t side, const torch::Tensor& u) {
  return at::arange(side, u.options()).unsqueeze(0);
}

// Along one axis, whose view of [N,side] is `shape`.
torch::Tensor moved(const torch::Tensor& images, std::int64_t axis, const torch::Tensor& u,
                    at::IntArrayRef shape) {
  const std::int64_t side = images.size(axis), most = rounded(side, kTranslation);
  const auto from = places(side, u) - (whole(u, 2 * most + 1) - static_cast<double>(most));
  const auto last = static_cast<double>(side - 1);
  const auto inside = ((from >= 0.0) & (from <= last)).view(shape);
  const auto index = from.clamp(0.0, last).to(at::kLong).view(shape).expand(images.sizes());
  return images.gather(axis, index) * inside.to(images.scalar_type());
}

// [N,side]: which pixels of a side a box covers.
torch::Tensor covered(std::int64_t side, const torch::Tensor& u) {
  const std::int64_t box = rounded(side, kCutout);
  const auto first = whole(u, side + 1 - box % 2) - static_cast<double>(box / 2);
  const auto at = places(side, u);
  return (at >= first) & (at < first + static_cast<double>(box));
}

using Step = torch::Tensor (*)(const torch::Tensor& images, const Noise& noise);

torch::Tensor drawn(const torch::Tensor& images, const Noise& noise) {
  return noise.uniform({images.size(0), 1}, images.options().requires_grad(false));
}

torch::Tensor colour(const torch::Tensor& images, const Noise& noise) {
  auto x = brightened(images, drawn(images, noise));
  x = saturated(x, drawn(images, noise));
  return contrasted(x, drawn(images, noise));
}

torch::Tensor translation(const torch::Tensor& images, const Noise& noise) {
  const auto down = drawn(images, noise), right = drawn(images, noise);
  return translated(images, down, right);
}

torch::Tensor cutout(const torch::Tensor& images, const Noise& noise) {
  const auto row = drawn(images, noise), column = drawn(images, noise);
  return cut_out(images, row, column);
}

// The names of the authors' code, whose order is that of the steps.
const Choices<std::vector<Step>> kPolicies = {
    {"color,translation,cutout", {colour, translation, cutout}},
    {"color,translation", {colour, translation}},
    {"color,cutout", {colour, cutout}},
    {"translation,cutout", {translation, cutout}},
    {"color", {colour}},
    {"translation", {translation}},
    {"cutout", {cutout}}};
constexpr const char* kPolicy = "objective.diff_augment_policy";

class DiffAugment : public Augmentation {
 public:
  explicit DiffAugment(const std::vector<Step>& steps) : steps_(steps) {}
  torch::Tensor augmented(const torch::Tensor& images, const Noise& noise) const override {
    auto x = images;
    for (const auto step : steps_) x = step(x, noise);
    return x;
  }

 private:
  const std::vector<Step>& steps_;
};

Schema diff_augment_keys() {
  return {{.path = kPolicy,
           .default_value = std::string("color,translation,cutout"),
           .meaning = "what DiffAugment does, in turn: brightness, saturation and contrast; a "
                      "shift by up to an eighth of the side; a box of half the side set to 0",
           .choices = kPolicies.names(),
           .needs = {{"objective.augmentation", {"diff_augment"}}}}};
}

}  // namespace

torch::Tensor brightened(const torch::Tensor& images, const torch::Tensor& u) {
  return images + over_images(u - 0.5);
}

torch::Tensor saturated(const torch::Tensor& images, const torch::Tensor& u) {
  const auto mean = images.mean(at::IntArrayRef{1}, /*keepdim=*/true);
  return (images - mean) * over_images(u * 2.0) + mean;
}

torch::Tensor contrasted(const torch::Tensor& images, const torch::Tensor& u) {
  const auto mean = images.mean({1, 2, 3}, /*keepdim=*/true);
  return (images - mean) * over_images(u + 0.5) + mean;
}

torch::Tensor translated(const torch::Tensor& images, const torch::Tensor& u_down,
                         const torch::Tensor& u_right) {
  const std::int64_t count = images.size(0);
  const auto lowered = moved(images, 2, u_down, {count, 1, images.size(2), 1});
  return moved(lowered, 3, u_right, {count, 1, 1, images.size(3)});
}

torch::Tensor cut_out(const torch::Tensor& images, const torch::Tensor& u_row,
                      const torch::Tensor& u_column) {
  const auto rows = covered(images.size(2), u_row).unsqueeze(1).unsqueeze(3);
  const auto columns = covered(images.size(3), u_column).unsqueeze(1).unsqueeze(2);
  return images * (rows & columns).logical_not().to(images.scalar_type());
}

AugmentationMethod diff_augment() {
  return {.paper = "Zhao et al. 2020 (DiffAugment)",
          .make = [](const ModelArgs& args) -> std::unique_ptr<Augmentation> {
            return std::make_unique<DiffAugment>(kPolicies.of(args.definition, kPolicy));
          },
          .keys = diff_augment_keys,
          .misfit = [](const Definition&) { return std::string(); }};
}

}  // namespace assay
