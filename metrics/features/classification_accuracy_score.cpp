// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/classification_accuracy_score.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>

#include "core/error.h"
#include "core/random.h"
#include "metrics/inputs.h"
#include "metrics/numerics/linalg.h"
#include "nn/blocks/cifar_resnet.h"
#include "nn/blocks/fmnist_cnn.h"
#include "nn/blocks/initialise.h"
#include "nn/optim/adam.h"
#include "nn/optim/learning_rate.h"

namespace assay {
namespace {

constexpr std::string_view kName = "cas";
constexpr std::int64_t kBatch = 128;
constexpr std::int64_t kScoredAtOnce = 500;
constexpr std::int64_t kLeastSide = 8;
constexpr double kLearningRate = 4e-3;
constexpr AdamOptions kAdamW{.weight_decay = 1e-2, .decoupled = true};
constexpr std::string_view kTraining =
    "adamw 4e-3 one-cycle, weight decay 1e-2, batches of 128, no augmentation, kaiming";

struct LabelledImages {
  at::Tensor images;  // [N,C,H,W] u8
  at::Tensor labels;  // [N] i64
};

LabelledImages checked(const at::Tensor& images, const at::Tensor& labels, std::string_view side) {
  if (!images.defined() || images.dim() != 4 || images.scalar_type() != at::kByte ||
      images.size(0) < 2 || std::min(images.size(2), images.size(3)) < kLeastSide) {
    throw Error(
        fmt::format("{}: the {} images are {}; needs two or more of {}x{} pixels and up, "
                    "u8 [N,C,H,W]",
                    kName, side, images.defined() ? c10::str(images.sizes()) : "absent", kLeastSide,
                    kLeastSide));
  }
  if (!labels.defined() || labels.dim() != 1 || labels.size(0) != images.size(0) ||
      labels.scalar_type() != at::kLong) {
    throw Error(fmt::format("{}: {} {} images need as many labels (i64), there are {}", kName,
                            images.size(0), side,
                            labels.defined() ? std::to_string(labels.numel()) : "none"));
  }
  if (labels.min().item<std::int64_t>() < 0) {
    throw Error(
        fmt::format("{}: a label of the {} images is negative; classes count from 0", kName, side));
  }
  return {images, labels};
}

std::int64_t class_count(const LabelledImages& generated, const LabelledImages& reference) {
  const auto count = std::max(generated.labels.max().item<std::int64_t>(),
                              reference.labels.max().item<std::int64_t>()) +
                     1;
  if (count > generated.images.size(0)) {
    throw Error(
        fmt::format("{}: labels reach to {}, but there are only {} generated images; "
                    "number the classes from 0 and generate some of each",
                    kName, count - 1, generated.images.size(0)));
  }
  if ((generated.labels == generated.labels[0]).all().item<bool>()) {
    throw Error(fmt::format("{}: all generated images have label {}, so there is nothing to learn",
                            kName, generated.labels[0].item<std::int64_t>()));
  }
  return count;
}

// A network and what it makes of images.
struct Classifier {
  std::string_view name;
  std::shared_ptr<torch::nn::Module> module;
  std::function<at::Tensor(const at::Tensor& images, const at::Generator& noise)> logits;
};

Classifier classifier_for(const at::Tensor& images, std::int64_t classes) {
  const KeptConstructionGenerator kept;
  constexpr auto kSize = FmnistCnnImpl::kImageSize;
  if (images.size(2) == kSize && images.size(3) == kSize) {
    FmnistCnn network(images.size(1), classes);
    return {"fmnist-cnn", network.ptr(),
            [network](const at::Tensor& x, const at::Generator& noise) mutable {
              return network->forward(x, noise).logits;
            }};
  }
  CifarResNet network(images.size(1), classes);
  return {"resnet-20", network.ptr(), [network](const at::Tensor& x, const at::Generator&) mutable {
            return network->forward(x);
          }};
}

at::Tensor to_range(const at::Tensor& images) { return images.to(at::kFloat).div_(127.5).sub_(1); }

void train(const Classifier& classifier, const LabelledImages& data, std::int64_t epochs,
           std::uint64_t seed) {
  initialise_kaiming(*classifier.module,
                     at::detail::createCPUGenerator(stream_seed(seed, "cas_init")));
  const auto noise = at::detail::createCPUGenerator(stream_seed(seed, "cas_dropout"));
  RandomStream order(stream_seed(seed, "cas_order"));
  Adam adam(*classifier.module, kAdamW);
  const std::int64_t rows = data.images.size(0), steps = std::max<std::int64_t>(1, rows / kBatch);
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    const auto shuffled = at::tensor(order.permutation(rows), at::kLong);
    for (std::int64_t step = 0; step < steps; ++step) {
      const auto batch = shuffled.slice(0, step * kBatch, (step + 1) * kBatch);
      const auto loss = at::cross_entropy_loss(
          classifier.logits(to_range(data.images.index_select(0, batch)), noise),
          data.labels.index_select(0, batch));
      adam.zero_grad();
      loss.backward();
      adam.step(kLearningRate * one_cycle_factor(epoch * steps + step, epochs * steps));
      if (!std::isfinite(loss.item<double>())) {
        throw Error(
            fmt::format("{}: the classifier's loss became {} in epoch {}; try another seed "
                        "(--set cas.seed=1)",
                        kName, loss.item<double>(), epoch));
      }
    }
  }
}

double accuracy(const Classifier& classifier, const LabelledImages& data) {
  const torch::NoGradGuard no_gradients;
  classifier.module->eval();
  std::int64_t hits = 0;
  for (std::int64_t i = 0; i < data.images.size(0); i += kScoredAtOnce) {
    const auto logits =
        classifier.logits(to_range(data.images.slice(0, i, i + kScoredAtOnce)), at::Generator());
    hits +=
        logits.argmax(1).eq(data.labels.slice(0, i, i + kScoredAtOnce)).sum().item<std::int64_t>();
  }
  return static_cast<double>(hits) / static_cast<double>(data.images.size(0));
}

}  // namespace

MetricValue compute_cas(const MetricInputs& inputs) {
  const auto generated = checked(inputs.images.generated, inputs.labels.generated, "generated");
  const auto reference = checked(inputs.images.reference, inputs.labels.reference, "reference");
  if (generated.images[0].sizes() != reference.images[0].sizes()) {
    throw Error(fmt::format(
        "{}: the generated images are {} and the reference {} (C,H,W); give "
        "both in one shape",
        kName, c10::str(generated.images[0].sizes()), c10::str(reference.images[0].sizes())));
  }
  const auto classes = class_count(generated, reference);
  const auto epochs = whole_option(inputs, "cas.epochs"), seed = whole_option(inputs, "cas.seed");
  Scoring scoring{.metric = kName,
                  .estimator = "classifier of generated images, top 1 of real ones",
                  .n_generated = generated.images.size(0),
                  .n_real = reference.images.size(0)};
  double share = 0.0;
  run_serial([&] {
    const c10::InferenceMode with_gradients(false);  // whatever the caller has
    const Classifier classifier = classifier_for(generated.images, classes);
    train(classifier, generated, epochs, static_cast<std::uint64_t>(seed));
    share = accuracy(classifier, reference);
    scoring.settings["classifier"] = classifier.name;
  });
  scoring.settings["training"] = kTraining;
  scoring.settings["epochs"] = std::to_string(epochs);
  scoring.settings["seed"] = std::to_string(seed);
  scoring.settings["classes"] = std::to_string(classes);
  return scored(inputs, {share, binomial_standard_error(share, scoring.n_real)}, scoring);
}

}  // namespace assay
