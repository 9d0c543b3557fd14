// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/inception_v3.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "core/error.h"
#include "nn/blocks/convolution_relu.h"

namespace assay {
namespace {

constexpr double kNormEpsilon = 1e-3;
constexpr std::int64_t kSpatialChannels = 7;
constexpr std::int64_t kStemBatch = 4;

constexpr Size2d kOne{1, 1}, kTwo{2, 2};
constexpr ConvolutionShape kHalving{.stride = kTwo};
constexpr ConvolutionShape kSame3x3{.padding = kOne};
constexpr ConvolutionShape kSame5x5{.padding = kTwo};
constexpr ConvolutionShape kSame1x3{.padding = {0, 1}}, kSame3x1{.padding = {1, 0}};
constexpr ConvolutionShape kSame1x7{.padding = {0, 3}}, kSame7x1{.padding = {3, 0}};
constexpr ConvolutionShape kLinear{.activated = false};

// Finds layers by name and folds their batch normalisation: w·γ/√(v+ε), β − m·γ/√(v+ε).
class Layers {
 public:
  Layers(const TensorMap& weights, at::ScalarType precision)
      : weights_(weights), precision_(precision) {}

  at::Tensor tensor(const std::string& name, std::int64_t dimensions) const {
    const auto found = weights_.find(name);
    if (found == weights_.end() || found->second.dim() != dimensions) {
      throw Error(
          fmt::format("inception-v3: its weights lack '{}', or it has another shape", name));
    }
    return found->second.to(at::kDouble);
  }

  at::Tensor scale(const std::string& layer) const {
    return tensor(layer + ".bn.weight", 1) /
           (tensor(layer + ".bn.running_var", 1) + kNormEpsilon).sqrt();
  }

  at::Tensor weight(const std::string& layer) const {
    const auto kernel = tensor(layer + ".conv.weight", 4);
    return (kernel * scale(layer).view({-1, 1, 1, 1})).to(precision_);
  }

  at::Tensor bias(const std::string& layer) const {
    const auto mean = tensor(layer + ".bn.running_mean", 1);
    return (tensor(layer + ".bn.bias", 1) - mean * scale(layer)).to(precision_);
  }

  // The layers whose input is side × side pixels.
  Layers at(std::int64_t side, std::int64_t batch = InceptionV3::kBatch) const {
    auto layers = *this;
    layers.side_ = side;
    layers.batch_ = batch;
    return layers;
  }

  ConvolutionRelu one(const std::string& layer, ConvolutionShape shape = {}) const {
    shape.batch = batch_;
    shape.side = side_;
    return {weight(layer), bias(layer), shape};
  }

  ParallelConvolutions joined(const std::string& block,
                              std::initializer_list<const char*> branches) const {
    std::vector<at::Tensor> weights, biases;
    for (const auto* branch : branches) {
      weights.push_back(weight(block + branch));
      biases.push_back(bias(block + branch));
    }
    return {weights, biases, {.batch = batch_, .side = side_}};
  }

 private:
  const TensorMap& weights_;
  at::ScalarType precision_;
  std::int64_t side_ = 0, batch_ = 1;
};

// 3×3 mean around each pixel, of those that lie in the image.
at::Tensor mean_around(const at::Tensor& x) {
  return at::avg_pool2d(x, {3, 3}, kOne, kOne, /*ceil_mode=*/false, /*count_include_pad=*/false);
}

at::Tensor max_around(const at::Tensor& x) { return at::max_pool2d(x, {3, 3}, kOne, kOne); }

at::Tensor halve(const at::Tensor& x) { return at::max_pool2d(x, {3, 3}, kTwo); }

at::Tensor join(std::initializer_list<at::Tensor> branches) {
  return at::cat(std::vector<at::Tensor>(branches), 1);
}

// Szegedy et al. 2016, figure 5: 35 × 35 pixels.
struct InceptionA {
  InceptionA(const Layers& layers, const std::string& name)
      : heads(layers.joined(name, {".branch1x1", ".branch5x5_1", ".branch3x3dbl_1"})),
        branch5x5(layers.one(name + ".branch5x5_2", kSame5x5)),
        branch3x3_2(layers.one(name + ".branch3x3dbl_2", kSame3x3)),
        branch3x3_3(layers.one(name + ".branch3x3dbl_3", kSame3x3)),
        pool(layers.one(name + ".branch_pool", kLinear)) {}

  at::Tensor operator()(const at::Tensor& x) const {
    const auto head = heads(x);
    return join({head[0], branch5x5(head[1]), branch3x3_3(branch3x3_2(head[2])),
                 mean_around(pool(x)).relu_()});
  }

  ParallelConvolutions heads;
  ConvolutionRelu branch5x5, branch3x3_2, branch3x3_3, pool;
};

// Figure 10: 35 × 35 to 17 × 17 pixels.
struct InceptionB {
  InceptionB(const Layers& layers, const std::string& name)
      : branch3x3(layers.one(name + ".branch3x3", kHalving)),
        double_1(layers.one(name + ".branch3x3dbl_1")),
        double_2(layers.one(name + ".branch3x3dbl_2", kSame3x3)),
        double_3(layers.one(name + ".branch3x3dbl_3", kHalving)) {}

  at::Tensor operator()(const at::Tensor& x) const {
    return join({branch3x3(x), double_3(double_2(double_1(x))), halve(x)});
  }

  ConvolutionRelu branch3x3, double_1, double_2, double_3;
};

// Figure 6: 17 × 17 pixels, 7×7 kernels as 1×7 and 7×1.
struct InceptionC {
  InceptionC(const Layers& layers, const std::string& name)
      : heads(layers.joined(name, {".branch1x1", ".branch7x7_1", ".branch7x7dbl_1"})),
        branch7x7_2(layers.one(name + ".branch7x7_2", kSame1x7)),
        branch7x7_3(layers.one(name + ".branch7x7_3", kSame7x1)),
        double_2(layers.one(name + ".branch7x7dbl_2", kSame7x1)),
        double_3(layers.one(name + ".branch7x7dbl_3", kSame1x7)),
        double_4(layers.one(name + ".branch7x7dbl_4", kSame7x1)),
        double_5(layers.one(name + ".branch7x7dbl_5", kSame1x7)),
        pool(layers.one(name + ".branch_pool", kLinear)) {}

  at::Tensor operator()(const at::Tensor& x) const {
    const auto head = heads(x);
    return join({head[0], branch7x7_3(branch7x7_2(head[1])),
                 double_5(double_4(double_3(double_2(head[2])))), mean_around(pool(x)).relu_()});
  }

  ParallelConvolutions heads;
  ConvolutionRelu branch7x7_2, branch7x7_3, double_2, double_3, double_4, double_5, pool;
};

// 17 × 17 to 8 × 8 pixels.
struct InceptionD {
  InceptionD(const Layers& layers, const std::string& name)
      : heads(layers.joined(name, {".branch3x3_1", ".branch7x7x3_1"})),
        branch3x3(layers.one(name + ".branch3x3_2", kHalving)),
        branch7x7_2(layers.one(name + ".branch7x7x3_2", kSame1x7)),
        branch7x7_3(layers.one(name + ".branch7x7x3_3", kSame7x1)),
        branch7x7_4(layers.one(name + ".branch7x7x3_4", kHalving)) {}

  at::Tensor operator()(const at::Tensor& x) const {
    const auto head = heads(x);
    return join({branch3x3(head[0]), branch7x7_4(branch7x7_3(branch7x7_2(head[1]))), halve(x)});
  }

  ParallelConvolutions heads;
  ConvolutionRelu branch3x3, branch7x7_2, branch7x7_3, branch7x7_4;
};

// Figure 7: 8 × 8 pixels, branches that fork into 1×3 and 3×1. `pools_mean` is false in the last.
struct InceptionE {
  InceptionE(const Layers& layers, const std::string& name, bool with_mean_pool)
      : pools_mean(with_mean_pool),
        heads(layers.joined(name, {".branch1x1", ".branch3x3_1", ".branch3x3dbl_1"})),
        branch3x3_2a(layers.one(name + ".branch3x3_2a", kSame1x3)),
        branch3x3_2b(layers.one(name + ".branch3x3_2b", kSame3x1)),
        double_2(layers.one(name + ".branch3x3dbl_2", kSame3x3)),
        double_3a(layers.one(name + ".branch3x3dbl_3a", kSame1x3)),
        double_3b(layers.one(name + ".branch3x3dbl_3b", kSame3x1)),
        pool(layers.one(name + ".branch_pool", with_mean_pool ? kLinear : ConvolutionShape{})) {}

  at::Tensor operator()(const at::Tensor& x) const {
    const auto head = heads(x);
    const auto twice = double_2(head[2]);
    const auto pooled = pools_mean ? mean_around(pool(x)).relu_() : pool(max_around(x));
    return join({head[0], branch3x3_2a(head[1]), branch3x3_2b(head[1]), double_3a(twice),
                 double_3b(twice), pooled});
  }

  bool pools_mean;
  ParallelConvolutions heads;
  ConvolutionRelu branch3x3_2a, branch3x3_2b, double_2, double_3a, double_3b, pool;
};

at::Tensor pixel_mean(const at::Tensor& x) { return x.mean({2, 3}); }

}  // namespace

struct InceptionV3::Network {
  explicit Network(const Layers& layers)
      : conv_1a(layers.at(299, kStemBatch).one("Conv2d_1a_3x3", kHalving)),
        conv_2a(layers.at(149, kStemBatch).one("Conv2d_2a_3x3")),
        conv_2b(layers.at(147, kStemBatch).one("Conv2d_2b_3x3", kSame3x3)),
        conv_3b(layers.at(73, kStemBatch).one("Conv2d_3b_1x1")),
        conv_4a(layers.at(73, kStemBatch).one("Conv2d_4a_3x3")),
        mixed_5b(layers.at(35), "Mixed_5b"),
        mixed_5c(layers.at(35), "Mixed_5c"),
        mixed_5d(layers.at(35), "Mixed_5d"),
        mixed_6a(layers.at(35), "Mixed_6a"),
        mixed_6b(layers.at(17), "Mixed_6b"),
        mixed_6c(layers.at(17), "Mixed_6c"),
        mixed_6d(layers.at(17), "Mixed_6d"),
        mixed_6e(layers.at(17), "Mixed_6e"),
        mixed_7a(layers.at(17), "Mixed_7a"),
        mixed_7b(layers.at(8), "Mixed_7b", /*with_mean_pool=*/true),
        mixed_7c(layers.at(8), "Mixed_7c", /*with_mean_pool=*/false),
        classifier(layers.tensor("fc.weight", 2)),
        classifier_bias(layers.tensor("fc.bias", 1)) {}

  // Up to 35 × 35 pixels. The early feature maps are large (22 MiB for four images): a few images
  // at a time stay in the cache, and in memory that the allocator keeps.
  at::Tensor stem(const at::Tensor& images, InceptionFeatures& out) const {
    std::vector<at::Tensor> halved, quartered;
    for (const auto& some : images.split(kStemBatch)) {
      const auto x = some.contiguous(at::MemoryFormat::ChannelsLast);
      halved.push_back(halve(conv_2b(conv_2a(conv_1a(x)))));
      quartered.push_back(halve(conv_4a(conv_3b(halved.back()))));
      halved.back() = pixel_mean(halved.back());
    }
    auto x = at::cat(quartered);
    out.pool64 = at::cat(halved);
    out.pool192 = pixel_mean(x);
    return x;
  }

  ConvolutionRelu conv_1a, conv_2a, conv_2b, conv_3b, conv_4a;
  InceptionA mixed_5b, mixed_5c, mixed_5d;
  InceptionB mixed_6a;
  InceptionC mixed_6b, mixed_6c, mixed_6d, mixed_6e;
  InceptionD mixed_7a;
  InceptionE mixed_7b, mixed_7c;
  at::Tensor classifier, classifier_bias;
};

InceptionV3::InceptionV3(const TensorMap& weights, at::ScalarType precision) {
  auto network = std::make_unique<Network>(Layers(weights, precision));
  network->classifier = network->classifier.to(precision);
  network->classifier_bias = network->classifier_bias.to(precision);
  network_ = std::move(network);
}

InceptionV3::~InceptionV3() = default;
InceptionV3::InceptionV3(InceptionV3&&) noexcept = default;
InceptionV3& InceptionV3::operator=(InceptionV3&&) noexcept = default;

InceptionFeatures InceptionV3::forward(const at::Tensor& images) const {
  TORCH_CHECK(images.dim() == 4 && images.size(1) == 3 && images.size(2) == kImageSize &&
                  images.size(3) == kImageSize,
              "InceptionV3: needs [N,3,299,299], not ", images.sizes());
  const auto& net = *network_;
  InceptionFeatures out;
  auto x = net.stem(images, out);
  x = net.mixed_5d(net.mixed_5c(net.mixed_5b(x)));
  x = net.mixed_6d(net.mixed_6c(net.mixed_6b(net.mixed_6a(x))));
  out.spatial = x.narrow(1, 0, kSpatialChannels).permute({0, 2, 3, 1}).flatten(1);
  x = net.mixed_6e(x);
  out.pool768 = pixel_mean(x);
  x = net.mixed_7c(net.mixed_7b(net.mixed_7a(x)));
  out.pool2048 = pixel_mean(x);
  out.logits_unbiased = at::linear(out.pool2048, net.classifier);
  out.logits = out.logits_unbiased + net.classifier_bias;
  return out;
}

}  // namespace assay
