// SPDX-License-Identifier: Apache-2.0
// Times training and sampling steps: perf_training WORK FOLDER. One thread, as runs of a suite
// have. Writes FOLDER/WORK.safetensors, the weights that the peer, peers_training.py, starts from;
// noise comes from generators of the same seed, so that losses agree step by step. See ci/perf.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/utils.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "kernels/caching_allocator.h"
#include "kernels/convolution.h"
#include "library_unet.h"
#include "nn/adam.h"
#include "nn/ema.h"
#include "nn/gradient_clip.h"
#include "nn/safetensors.h"
#include "repeat.h"
#include "training_models.h"

namespace assay::perf {
namespace {

using Step = std::function<torch::Tensor()>;

torch::Generator noise() { return at::detail::createCPUGenerator(1); }

void add_weights(TensorMap& weights, const std::string& prefix, torch::nn::Module& module) {
  for (const auto& item : module.named_parameters()) {
    weights[prefix + item.key()] = item.value().detach().contiguous();
  }
}

template <class Network>
Step vae_step(Network network, std::vector<std::int64_t> sizes, std::int64_t latent_dim,
              TensorMap& weights) {
  add_weights(weights, "", *network);
  auto generator = noise();
  const auto x = at::rand(sizes, generator);
  auto adam = std::make_shared<Adam>(*network, AdamOptions{});
  return [=]() mutable {
    adam->zero_grad();
    const auto loss = network->forward(x, at::randn({sizes[0], latent_dim}, generator));
    loss.backward();
    adam->step(1e-3);
    return loss.detach();
  };
}

// While it lives, a backward pass leaves a network's own gradients out.
class Frozen {
 public:
  explicit Frozen(torch::nn::Module& network) : parameters_(network.parameters()) { set(false); }
  ~Frozen() { set(true); }

 private:
  void set(bool wanted) {
    for (auto& parameter : parameters_) parameter.requires_grad_(wanted);
  }
  std::vector<torch::Tensor> parameters_;
};

Step dcgan_step(TensorMap& weights) {
  auto generator = dcgan_generator(), discriminator = dcgan_discriminator();
  add_weights(weights, "generator.", *generator);
  add_weights(weights, "discriminator.", *discriminator);
  const AdamOptions options{.beta1 = 0.5};
  auto adam_g = std::make_shared<Adam>(*generator, options);
  auto adam_d = std::make_shared<Adam>(*discriminator, options);
  auto random = noise();
  const auto x = at::rand({64, 3, 32, 32}, random) * 2 - 1;
  const auto one = at::ones({64}), zero = at::zeros({64});
  auto logits = [=](const torch::Tensor& images) mutable {
    return discriminator->forward(images).flatten();
  };
  return [=]() mutable {
    const auto generated = generator->forward(at::randn({64, 100, 1, 1}, random));
    adam_d->zero_grad();
    const auto loss = at::binary_cross_entropy_with_logits(logits(x), one) +
                      at::binary_cross_entropy_with_logits(logits(generated.detach()), zero);
    loss.backward();
    adam_d->step(2e-4);
    adam_g->zero_grad();
    const Frozen frozen(*discriminator);
    at::binary_cross_entropy_with_logits(logits(generated), one).backward();
    adam_g->step(2e-4);
    return loss.detach();
  };
}

torch::Tensor alpha_bar() { return at::cumprod(1.0 - at::linspace(1e-4, 0.02, 1000), 0); }

Step ddpm_step(TensorMap& weights) {
  auto unet = ddpm_unet();
  add_weights(weights, "", *unet);
  auto generator = noise();
  const auto x = at::rand({64, 1, 28, 28}, generator) * 2 - 1;
  auto adam = std::make_shared<Adam>(*unet, AdamOptions{});
  const auto all = alpha_bar();
  return [=]() mutable {
    adam->zero_grad();
    const auto t = at::randint(0, 1000, {64}, generator, at::kLong);
    const auto eps = at::randn(x.sizes(), generator);
    const auto a = all.index_select(0, t).view({-1, 1, 1, 1});
    const auto x_t = a.sqrt() * x + (1.0 - a).sqrt() * eps;
    const auto loss = at::mse_loss(unet->forward(x_t, t.to(at::kFloat) / 1000.0), eps);
    loss.backward();
    adam->step(2e-4);
    return loss.detach();
  };
}

// One step of ancestral sampling, every 20th time (Ho et al. 2020, algorithm 2, with clipped x_0).
Step ddpm_sampling_step(TensorMap& weights) {
  auto unet = ddpm_unet();
  add_weights(weights, "", *unet);
  unet->eval();
  auto generator = noise();
  auto x = at::randn({64, 1, 28, 28}, generator);
  std::int64_t t = 999;
  const auto all = alpha_bar();
  return [=]() mutable {
    const c10::InferenceMode inference;
    const auto eps = unet->forward(x, at::full({64}, static_cast<double>(t) / 1000.0));
    const double a = all[t].item<double>();
    const double before = all[std::max<std::int64_t>(t - 20, 0)].item<double>(), alpha = a / before;
    const auto x_0 = ((x - std::sqrt(1 - a) * eps) / std::sqrt(a)).clamp(-1, 1);
    x = std::sqrt(before) * (1 - alpha) / (1 - a) * x_0 +
        std::sqrt(alpha) * (1 - before) / (1 - a) * x +
        std::sqrt((1 - before) / (1 - a) * (1 - alpha)) * at::randn(x.sizes(), generator);
    t = t >= 20 ? t - 20 : 999;
    return eps.square().mean();
  };
}

// The library's default: predicts v under the sigmoid schedule (Jabri et al. 2022).
torch::Tensor library_alpha_bar() {
  const auto t = at::linspace(0, 1, 1001, at::kDouble);
  const double start = 1.0 / (1.0 + std::exp(3.0)), end = 1.0 / (1.0 + std::exp(-3.0));
  const auto all = (end - (t * 6.0 - 3.0).sigmoid()) / (end - start);
  const auto betas = (1.0 - all.slice(0, 1) / all.slice(0, 0, 1000)).clamp(0, 0.999);
  return at::cumprod(1.0 - betas, 0).to(at::kFloat);
}

// Its trainer's loop: clipping, Adam, and an average of the weights every ten steps.
Step library_step(TensorMap& weights) {
  LibraryUnet unet, average;
  add_weights(weights, "", *unet);
  auto generator = noise();
  const auto x_0 = at::rand({64, 1, 28, 28}, generator) * 2 - 1;
  auto adam = std::make_shared<Adam>(*unet, AdamOptions{.beta2 = 0.99});
  auto ema = std::make_shared<Ema>(*average, *unet, EmaOptions{.decay = 0.995, .ramp = false});
  const auto all = library_alpha_bar();
  std::int64_t step = 0;
  return [=]() mutable {
    const auto t = at::randint(0, 1000, {64}, generator, at::kLong);
    const auto eps = at::randn(x_0.sizes(), generator);
    const auto of_image = all.index_select(0, t), a = of_image.view({-1, 1, 1, 1});
    const auto x_t = a.sqrt() * x_0 + (1.0 - a).sqrt() * eps;
    const auto v = a.sqrt() * eps - (1.0 - a).sqrt() * x_0;
    const auto squares = (unet->forward(x_t, t.to(at::kFloat)) - v).square().mean({1, 2, 3});
    const auto loss = (squares * of_image).mean();
    loss.backward();
    clip_gradient_norm(adam->parameters(), 1.0);
    adam->step(8e-5);
    adam->zero_grad();
    if (++step % 10 == 0) ema->update(step);
    return loss.detach();
  };
}

Step library_sampling_step(TensorMap& weights) {
  LibraryUnet unet;
  add_weights(weights, "", *unet);
  auto generator = noise();
  const double a = library_alpha_bar()[500].item<double>();
  return [=]() mutable {
    const c10::InferenceMode inference;
    const auto x = at::randn({64, 1, 28, 28}, generator);
    const auto v = unet->forward(x, at::full({64}, 500.0));
    const auto x_0 = (std::sqrt(a) * x - std::sqrt(1.0 - a) * v).clamp(-1, 1);
    return ((x / std::sqrt(a) - x_0) / std::sqrt(1.0 / a - 1.0)).mean();
  };
}

struct Work {
  Step step;
  int steps_per_repeat;
};

Work work_named(const std::string& name, TensorMap& weights) {
  if (name == "mlp_vae_train") return {vae_step(MlpVae(), {128, 784}, 20, weights), 100};
  if (name == "conv_vae_train") return {vae_step(ConvVae(), {128, 1, 28, 28}, 32, weights), 10};
  if (name == "dcgan_train") return {dcgan_step(weights), 3};
  if (name == "ddpm_train") return {ddpm_step(weights), 1};
  if (name == "ddpm_sample") return {ddpm_sampling_step(weights), 2};
  if (name == "ddp_library_train") return {library_step(weights), 1};
  if (name == "ddp_library_sample") return {library_sampling_step(weights), 2};
  throw std::invalid_argument("no work named " + name);
}

}  // namespace
}  // namespace assay::perf

int main(int argc, char** argv) {
  using namespace assay;
  const std::string name = argc > 1 ? argv[1] : "";
  const std::filesystem::path folder = argc > 2 ? argv[2] : ".";
  at::set_num_threads(1);
  install_caching_allocator();
  const bool exact = argc > 3 && std::string(argv[3]) == "exact";
  const ConvolutionModeScope mode(exact ? ConvolutionMode::kExact : ConvolutionMode::kWinograd);
  torch::manual_seed(0);
  TensorMap weights;
  const auto work = perf::work_named(name, weights);
  save_safetensors(folder / (name + ".safetensors"), weights);
  weights.clear();
  const auto start = std::chrono::steady_clock::now();
  work.step();  // warm-up
  const std::chrono::duration<double> first = std::chrono::steady_clock::now() - start;
  const auto repeat = [&] {
    torch::Tensor last;
    for (int i = 0; i < work.steps_per_repeat; ++i) last = work.step();
    return std::vector{last.item<double>()};
  };
  perf::repeat_on_demand(repeat, first.count());
}
