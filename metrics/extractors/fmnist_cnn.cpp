// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/fmnist_cnn.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "core/paths.h"
#include "metrics/extractors/blocks.h"
#include "nn/blocks/fmnist_cnn.h"
#include "nn/state.h"

namespace assay {
namespace {

constexpr std::int64_t kBlock = 100;
constexpr std::string_view kHowToGet =
    "it is part of the repository: restore it with `git checkout -- metrics/extractors/weights`";

// Copies weights into a module by name; every tensor must find its place.
class WeightLoader : public StateVisitor {
 public:
  WeightLoader(TensorMap weights, std::string file)
      : weights_(std::move(weights)), file_(std::move(file)) {}

  void tensor(const std::string& name, torch::Tensor& value, StateKind) override {
    const auto found = weights_.find(name);
    if (found == weights_.end() || found->second.sizes() != value.sizes()) {
      throw Error(fmt::format("{}: tensor '{}' is missing or not of shape {}; {}", file_, name,
                              c10::str(value.sizes()), kHowToGet));
    }
    const at::NoGradGuard no_gradients;
    value.copy_(found->second);
    weights_.erase(found);
  }

  void check_all_used() const {
    if (weights_.empty()) return;
    throw Error(fmt::format("{}: tensor '{}' has no place in the network; {}", file_,
                            weights_.begin()->first, kHowToGet));
  }

 private:
  TensorMap weights_;
  std::string file_;
};

class FmnistCnnExtractor : public Extractor {
 public:
  FmnistCnnExtractor(const std::filesystem::path& file, std::string_view sha256) : sha256_(sha256) {
    WeightLoader loader(load_weights(file, sha256, kHowToGet).tensors, file.string());
    visit_module(loader, "classifier", *network_);
    loader.check_all_used();
    network_->eval();
  }

  Features extract(const at::Tensor& images,
                   const std::function<void(std::int64_t)>& progress) override {
    check_images(images, "fmnist-cnn");
    constexpr auto kSize = FmnistCnnImpl::kImageSize;
    if (images.size(1) != 1 || images.size(2) != kSize || images.size(3) != kSize) {
      throw Error(
          fmt::format("fmnist-cnn: needs grey 28x28 images, not {}x{} with {} channel(s); "
                      "use efficientnet-lite0 or pixels",
                      images.size(3), images.size(2), images.size(1)));
    }
    const auto network = [this](const at::Tensor& block) {
      const auto out = network_->forward(block.to(at::kFloat).div_(127.5).sub_(1.0));
      return Features{out.features, out.logits};
    };
    return extract_in_blocks(images, kBlock, network, progress);
  }

  std::int64_t block_size() const override { return kBlock; }

  Protocol protocol() const override {
    return {{"extractor", "fmnist-cnn"}, {"extractor_sha256", sha256_}, {"resize", "none"}};
  }

 private:
  std::string sha256_;
  FmnistCnn network_;
};

}  // namespace

std::unique_ptr<Extractor> load_fmnist_cnn(const std::filesystem::path& weights,
                                           std::string_view sha256) {
  return std::make_unique<FmnistCnnExtractor>(weights, sha256);
}

std::unique_ptr<Extractor> make_fmnist_cnn(const ExtractorOptions& options) {
  refuse_resize(options, "fmnist-cnn");
  refuse_weights(options, "fmnist-cnn");
  return load_fmnist_cnn(project_root() / "metrics/extractors/weights/fmnist-cnn.safetensors",
                         kFmnistCnnSha256);
}

}  // namespace assay
