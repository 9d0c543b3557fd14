// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/extractor.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <string>

#include "metrics/extractors/efficientnet_lite0.h"
#include "metrics/extractors/fmnist_cnn.h"
#include "metrics/extractors/framed.h"
#include "nn/blocks/fmnist_cnn.h"
#include "nn/files/safetensors.h"
#include "nn/state.h"
#include "oracle.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

at::Tensor random_images(std::int64_t count, std::int64_t channels, std::int64_t size) {
  auto generator = at::detail::createCPUGenerator(1);
  return at::randint(0, 256, {count, channels, size, size}, generator,
                     at::TensorOptions(at::kByte));
}

class TensorCollector : public StateVisitor {
 public:
  void tensor(const std::string& name, torch::Tensor& value, StateKind) override {
    tensors[name] = value.detach().clone();
  }
  TensorMap tensors;
};

// A file with the weights of an untrained classifier.
class ClassifierFile {
 public:
  explicit ClassifierFile(FmnistCnn& network)
      : path(std::filesystem::path(::testing::TempDir()) /
             ("assay_fmnist_cnn_" + std::to_string(::getpid()) + ".safetensors")) {
    TensorCollector collector;
    visit_module(collector, "classifier", *network);
    tensors = collector.tensors;
    sha256 = save_safetensors(path, tensors);
  }
  ~ClassifierFile() { std::filesystem::remove(path); }
  ClassifierFile(const ClassifierFile&) = delete;
  ClassifierFile& operator=(const ClassifierFile&) = delete;

  std::filesystem::path path;
  std::string sha256;
  TensorMap tensors;
};

TEST(Pixels, AreTheBytesOver255) {
  const auto images = random_images(3, 3, 4);
  const auto out = make_extractor("pixels")->extract(images);
  EXPECT_EQ(out.features.sizes(), (at::IntArrayRef{3, 48}));
  EXPECT_TRUE(at::equal((out.features * 255).round().to(at::kByte), images.flatten(1)));
  EXPECT_FALSE(out.logits.defined());
  EXPECT_THAT(refusal([] {
                make_extractor("pixels")->extract(at::zeros({2, 3, 4, 4}, at::kDouble));
              }),
              HasSubstr("8-bit image"));
}

TEST(WithinFrame, GivesFeaturesAndProtocolOfWhatTheFrameHolds) {
  const auto images = random_images(3, 1, 4);
  const auto junk = random_images(3, 1, 8);
  junk.narrow(2, 2, 4).narrow(3, 2, 4).copy_(images);
  const auto extractor = within_frame(make_extractor("pixels"), 2);
  const auto plain = make_extractor("pixels");
  EXPECT_TRUE(extractor->extract(junk).features.equal(plain->extract(images).features));
  EXPECT_EQ(extractor->protocol(), plain->protocol());
  EXPECT_EQ(extractor->block_size(), plain->block_size());
  EXPECT_THAT(refusal([&] { extractor->extract(images); }),
              HasSubstr("images of 4x4 have nothing within a frame of 2 pixels"));
  EXPECT_EQ(within_frame(make_extractor("pixels"), 0)->extract(images).features.size(1), 16);
}

TEST(Extractors, UnknownNamesGetTheNearMiss) {
  EXPECT_THAT(refusal([] { make_extractor("efficientnet-lite"); }),
              HasSubstr("did you mean 'efficientnet-lite0'?"));
}

TEST(Extractors, ThatTakeNoResizeOrWeightsRefuseThem) {
  for (const auto* name : {"pixels", "fmnist-cnn"}) {
    EXPECT_THAT(refusal([&] { make_extractor(name, {.resize = ResizeRule::kBilinear}); }),
                HasSubstr(std::string(name) + ": takes images as they are, so no resize rule"));
    EXPECT_THAT(refusal([&] { make_extractor(name, {.weights = "w.safetensors"}); }),
                HasSubstr(std::string(name) + ": takes no weights file"));
  }
}

TEST(FmnistCnnExtractor, GivesTheNetworksFeaturesInEvaluationMode) {
  FmnistCnn network;
  const ClassifierFile file(network);
  const auto extractor = load_fmnist_cnn(file.path, file.sha256);
  const auto images = random_images(5, 1, 28);
  const auto out = extractor->extract(images);
  network->eval();
  const auto expected = network->forward(images.to(at::kFloat) / 127.5 - 1.0);
  EXPECT_TRUE(at::allclose(out.features, expected.features, 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(out.logits, expected.logits, 1e-4, 1e-5));
  EXPECT_EQ(extractor->protocol().at("extractor_sha256"), file.sha256);
}

TEST(FmnistCnnExtractor, RowsDoNotDependOnHowManyImagesThereAre) {
  FmnistCnn network;
  const ClassifierFile file(network);
  const auto extractor = load_fmnist_cnn(file.path, file.sha256);
  const auto images = random_images(230, 1, 28);
  std::vector<std::int64_t> progress;
  const auto all = extractor->extract(images, [&](std::int64_t done) { progress.push_back(done); });
  EXPECT_EQ(progress, (std::vector<std::int64_t>{100, 200, 230}));
  for (const std::int64_t count : {1, 99, 101, 229}) {
    const auto part = extractor->extract(images.slice(0, 0, count));
    EXPECT_TRUE(at::equal(part.features, all.features.slice(0, 0, count))) << count;
    EXPECT_TRUE(at::equal(part.logits, all.logits.slice(0, 0, count))) << count;
  }
  // Nor on the place in the block: image 117 alone.
  const auto alone = extractor->extract(images.slice(0, 117, 118));
  EXPECT_TRUE(at::equal(alone.features[0], all.features[117]));
}

TEST(FmnistCnnExtractor, RefusesOtherWeightsAndOtherImages) {
  FmnistCnn network;
  ClassifierFile file(network);
  EXPECT_THAT(refusal([&] { load_fmnist_cnn(file.path, std::string(64, 'f')); }),
              HasSubstr("these are other weights"));
  EXPECT_THAT(refusal([&] { load_fmnist_cnn("/none.safetensors", file.sha256); }),
              HasSubstr("/none.safetensors: no such weights"));
  const auto extractor = load_fmnist_cnn(file.path, file.sha256);
  EXPECT_THAT(refusal([&] { extractor->extract(random_images(2, 3, 28)); }),
              HasSubstr("needs grey 28x28 images"));
  auto missing = file.tensors;
  const auto name = missing.begin()->first;
  missing.erase(name);
  const auto fewer = save_safetensors(file.path, missing);
  EXPECT_THAT(refusal([&] { load_fmnist_cnn(file.path, fewer); }), HasSubstr(name));
  auto extra = file.tensors;
  extra["classifier.zz"] = at::ones({1});
  const auto more = save_safetensors(file.path, extra);
  EXPECT_THAT(refusal([&] { load_fmnist_cnn(file.path, more); }),
              HasSubstr("'classifier.zz' has no place"));
}

class EfficientNet : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(efficientnet_lite0_weights())) {
      GTEST_SKIP() << efficientnet_lite0_weights() << " is absent: ./assay fetches and converts it";
    }
  }
};

// mean, Σx², first 8 and last 4 elements, as make_fixtures2.py summarises a tensor.
void expect_like_oracle(const at::Tensor& tensor, const nlohmann::json& oracle) {
  const auto flat = tensor.to(at::kDouble).flatten();
  const double mean = oracle["mean"];
  const double squares = oracle["sumsq"];
  EXPECT_NEAR(flat.mean().item<double>(), mean, 1e-4 * std::abs(mean));
  EXPECT_NEAR(flat.square().sum().item<double>(), squares, 1e-4 * squares);
  for (std::size_t i = 0; i < 8; ++i) {
    const double expected = oracle["first8"][i];
    EXPECT_NEAR(flat[static_cast<std::int64_t>(i)].item<double>(), expected, 1e-4) << i;
  }
  for (std::size_t i = 0; i < 4; ++i) {
    const double expected = oracle["last4"][i];
    EXPECT_NEAR(flat[flat.size(0) - 4 + static_cast<std::int64_t>(i)].item<double>(), expected,
                1e-4)
        << i;
  }
}

TEST_F(EfficientNet, AgreesWithThePublishedNetworksFeaturesAndLogits) {
  const auto images = oracle_arrays("images_small.npz").at("img32");
  const auto out = make_extractor("efficientnet-lite0")->extract(images);
  ASSERT_EQ(out.features.sizes(), (at::IntArrayRef{2, 1280}));
  ASSERT_EQ(out.logits.sizes(), (at::IntArrayRef{2, 1000}));
  const auto oracle = oracle_json(
      "extractor_oracle.json")["efficientnet_lite0"]["img32_torch_bilinear224_(x-127)/128"];
  expect_like_oracle(out.features, oracle["feat"]);
  expect_like_oracle(out.logits, oracle["logits"]);
}

TEST_F(EfficientNet, PutsTheResizeRuleIntoTheProtocol) {
  // The default's text is part of stored scores' identity.
  EXPECT_EQ(make_extractor("efficientnet-lite0")->protocol().at("resize"),
            "bilinear 224, half-pixel, no antialias");
  const auto other = make_extractor("efficientnet-lite0", {.resize = ResizeRule::kPilBicubic});
  EXPECT_THAT(other->protocol().at("resize"), HasSubstr("pil-bicubic 224"));
  const auto images = random_images(1, 3, 32);
  EXPECT_FALSE(at::equal(other->extract(images).features,
                         make_extractor("efficientnet-lite0")->extract(images).features));
}

TEST_F(EfficientNet, RowsDoNotDependOnHowManyImagesThereAre) {
  // Image 32 opens the second block of 33 and the first when alone; image 3 moves to the front.
  const auto images = random_images(33, 1, 28);
  const auto extractor = make_extractor("efficientnet-lite0");
  const auto all = extractor->extract(images);
  const auto two = extractor->extract(at::stack({images[32], images[3]}));
  EXPECT_TRUE(at::equal(two.features, at::stack({all.features[32], all.features[3]})));
  EXPECT_TRUE(at::equal(two.logits, at::stack({all.logits[32], all.logits[3]})));
}

TEST(EfficientNetInput, TakesGreyAsThreeEqualChannels) {
  const auto grey = random_images(2, 1, 28);
  EXPECT_TRUE(at::equal(efficientnet_input(grey), efficientnet_input(grey.expand({2, 3, 28, 28}))));
  // (x − 127) / 128 of a flat image.
  const auto flat = efficientnet_input(at::full({1, 1, 5, 9}, 191, at::kByte));
  EXPECT_TRUE(at::allclose(flat, at::full({1, 3, 224, 224}, 0.5F), 0, 1e-6));
}

}  // namespace
}  // namespace assay
