// SPDX-License-Identifier: Apache-2.0
// Times training and sampling steps: perf_training WORK FOLDER [exact|cuda]. One thread, as runs of
// a suite have; exact: convolutions by LibTorch; cuda: on the GPU, as runs there. Writes
// FOLDER/WORK.safetensors, the weights that the peer, peers_training.py, starts from; noise comes
// from generators of the same seed, so that losses agree step by step. See ci/perf.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/utils.h>

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include "families/gan/style_generator.h"
#include "harness/environment.h"
#include "kernels/convolution/convolution.h"
#include "kernels/runtime/caching_allocator.h"
#include "library_unet.h"
#include "nn/files/safetensors.h"
#include "nn/optim/adam.h"
#include "nn/optim/ema.h"
#include "nn/optim/gradient_clip.h"
#include "repeat.h"
#include "source.h"
#include "training_models.h"

namespace assay::perf {
namespace {

using Step = std::function<torch::Tensor()>;

void add_weights(TensorMap& weights, const std::string& prefix, torch::nn::Module& module) {
  for (const auto& item : module.named_parameters()) {
    weights[prefix + item.key()] = item.value().detach().contiguous();
  }
}

template <class Network>
Step vae_step(Network network, std::vector<std::int64_t> sizes, std::int64_t latent_dim,
              Source noise, TensorMap& weights) {
  add_weights(weights, "", *network);
  network->to(noise.device());
  const auto x = noise.uniform(sizes);
  auto adam = std::make_shared<Adam>(*network, AdamOptions{});
  return [=]() mutable {
    adam->zero_grad();
    const auto loss = network->forward(x, noise.normal({sizes[0], latent_dim}));
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

Step dcgan_step(Source noise, TensorMap& weights) {
  auto generator = dcgan_generator(), discriminator = dcgan_discriminator();
  add_weights(weights, "generator.", *generator);
  add_weights(weights, "discriminator.", *discriminator);
  generator->to(noise.device());
  discriminator->to(noise.device());
  const AdamOptions options{.beta1 = 0.5};
  auto adam_g = std::make_shared<Adam>(*generator, options);
  auto adam_d = std::make_shared<Adam>(*discriminator, options);
  const auto x = noise.uniform({64, 3, 32, 32}) * 2 - 1;
  const auto one = at::ones({64}, noise.device()), zero = at::zeros({64}, noise.device());
  auto logits = [=](const torch::Tensor& images) mutable {
    return discriminator->forward(images).flatten();
  };
  return [=]() mutable {
    const auto generated = generator->forward(noise.normal({64, 100, 1, 1}));
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

// (‖∇D(x̂)‖ − 1)² between real and generated images (Gulrajani et al. 2017, eq. 3).
template <class Logits>
torch::Tensor gradient_penalty(Logits& logits, const torch::Tensor& real,
                               const torch::Tensor& generated, const torch::Tensor& share) {
  const auto x = (share * real + (1.0 - share) * generated).requires_grad_();
  const auto slope =
      torch::autograd::grad({logits(x).sum()}, {x}, {}, /*retain_graph=*/true, true)[0];
  return ((slope.square().flatten(1).sum(1) + 1e-12).sqrt() - 1.0).square().mean();
}

// Five steps of the critic, one of the generator; the loss is the critic's last.
Step wgan_gp_step(Source noise, TensorMap& weights) {
  auto generator = dcgan_generator(), critic = wgan_critic();
  add_weights(weights, "generator.", *generator);
  add_weights(weights, "critic.", *critic);
  generator->to(noise.device());
  critic->to(noise.device());
  const AdamOptions options{.beta1 = 0.5, .beta2 = 0.9};
  auto adam_g = std::make_shared<Adam>(*generator, options);
  auto adam_c = std::make_shared<Adam>(*critic, options);
  const auto x = noise.uniform({64, 3, 32, 32}) * 2 - 1;
  auto logits = [=](const torch::Tensor& images) mutable {
    return critic->forward(images).flatten();
  };
  return [=]() mutable {
    torch::Tensor loss;
    for (int i = 0; i < 5; ++i) {
      torch::Tensor generated;
      {
        const torch::NoGradGuard no_grad;
        generated = generator->forward(noise.normal({64, 100, 1, 1}));
      }
      adam_c->zero_grad();
      const auto share = noise.uniform({64, 1, 1, 1});
      loss = logits(generated).mean() - logits(x).mean() +
             10.0 * gradient_penalty(logits, x, generated, share);
      loss.backward();
      adam_c->step(1e-4);
    }
    adam_g->zero_grad();
    const Frozen frozen(*critic);
    (-logits(generator->forward(noise.normal({64, 100, 1, 1}))).mean()).backward();
    adam_g->step(1e-4);
    return loss.detach();
  };
}

// StyleGAN2 (Karras et al. 2020) for 32×32: 64 channels at all sides, noise anew in each layer,
// non-saturating loss; the discriminator's update, then the generator's.
Step stylegan2_step(Source noise, TensorMap& weights) {
  auto generator = style_generator_network();
  auto discriminator = style_discriminator_network();
  add_weights(weights, "generator.", *generator);
  add_weights(weights, "discriminator.", *discriminator);
  generator->to(noise.device());
  discriminator->to(noise.device());
  const AdamOptions options{.beta1 = 0.0, .beta2 = 0.99};
  auto adam_g = std::make_shared<Adam>(*generator, options);
  auto adam_d = std::make_shared<Adam>(*discriminator, options);
  const auto x = noise.uniform({16, 3, 32, 32}) * 2 - 1;
  auto logits = [=](const torch::Tensor& images) mutable {
    return discriminator->forward(images).flatten();
  };
  return [=]() mutable {
    auto& parts = *style_generator(generator);
    const auto w = parts.map(noise.normal({16, 64}));
    const auto generated = parts.synthesise(w, [&](const NoisyLayer& layer) {
      return noise.normal({layer.examples, 1, layer.constant.size(0), layer.constant.size(1)});
    });
    adam_d->zero_grad();
    const auto loss =
        at::softplus(-logits(x)).mean() + at::softplus(logits(generated.detach())).mean();
    loss.backward();
    adam_d->step(2e-3);
    adam_g->zero_grad();
    const Frozen frozen(*discriminator);
    at::softplus(-logits(generated)).mean().backward();
    adam_g->step(2e-3);
    return loss.detach();
  };
}

// Two of its styled convolutions of 64 channels at 32×32, without noise.
Step stylegan2_convolutions_step(Source noise, TensorMap& weights) {
  StyledPair pair;
  add_weights(weights, "", *pair);
  pair->to(noise.device());
  auto adam = std::make_shared<Adam>(*pair, AdamOptions{});
  // As the layers before and behind leave them: by a network's convolutions in channels-last order.
  const auto as_features = [](const torch::Tensor& t) {
    return t.contiguous(at::MemoryFormat::ChannelsLast);
  };
  auto x = as_features(noise.uniform({16, 64, 32, 32})).requires_grad_();
  const auto weights_of_loss = as_features(noise.uniform({16, 64, 32, 32}));
  return [=]() mutable {
    adam->zero_grad();
    x.mutable_grad() = torch::Tensor();
    const auto loss = (pair->forward(x, noise.normal({16, 64})) * weights_of_loss).mean();
    loss.backward();
    adam->step(1e-3);
    return loss.detach();
  };
}

torch::Tensor alpha_bar() { return at::cumprod(1.0 - at::linspace(1e-4, 0.02, 1000), 0); }

Step ddpm_step(Source noise, TensorMap& weights) {
  auto unet = ddpm_unet();
  add_weights(weights, "", *unet);
  unet->to(noise.device());
  const auto x = noise.uniform({64, 1, 28, 28}) * 2 - 1;
  auto adam = std::make_shared<Adam>(*unet, AdamOptions{});
  const auto all = alpha_bar().to(noise.device());
  return [=]() mutable {
    adam->zero_grad();
    const auto t = noise.below(1000, {64});
    const auto eps = noise.normal(x.sizes());
    const auto a = all.index_select(0, t).view({-1, 1, 1, 1});
    const auto x_t = a.sqrt() * x + (1.0 - a).sqrt() * eps;
    const auto loss = at::mse_loss(unet->forward(x_t, t.to(at::kFloat) / 1000.0), eps);
    loss.backward();
    adam->step(2e-4);
    return loss.detach();
  };
}

// One step of ancestral sampling, every 20th time (Ho et al. 2020, algorithm 2, with clipped x_0).
Step ddpm_sampling_step(Source noise, TensorMap& weights) {
  auto unet = ddpm_unet();
  add_weights(weights, "", *unet);
  unet->to(noise.device());
  unet->eval();
  auto x = noise.normal({64, 1, 28, 28});
  std::int64_t t = 999;
  const auto all = alpha_bar();
  return [=]() mutable {
    const c10::InferenceMode inference;
    const auto time = at::full({64}, static_cast<double>(t) / 1000.0, x.options());
    const auto eps = unet->forward(x, time);
    const double a = all[t].item<double>();
    const double before = all[std::max<std::int64_t>(t - 20, 0)].item<double>(), alpha = a / before;
    const auto x_0 = ((x - std::sqrt(1 - a) * eps) / std::sqrt(a)).clamp(-1, 1);
    x = std::sqrt(before) * (1 - alpha) / (1 - a) * x_0 +
        std::sqrt(alpha) * (1 - before) / (1 - a) * x +
        std::sqrt((1 - before) / (1 - a) * (1 - alpha)) * noise.normal(x.sizes());
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
Step library_step(Source noise, TensorMap& weights) {
  LibraryUnet unet, average;
  add_weights(weights, "", *unet);
  unet->to(noise.device());
  average->to(noise.device());
  const auto x_0 = noise.uniform({64, 1, 28, 28}) * 2 - 1;
  auto adam = std::make_shared<Adam>(*unet, AdamOptions{.beta2 = 0.99});
  auto ema = std::make_shared<Ema>(*average, *unet, EmaOptions{.decay = 0.995, .ramp = false});
  const auto all = library_alpha_bar().to(noise.device());
  std::int64_t step = 0;
  return [=]() mutable {
    const auto t = noise.below(1000, {64});
    const auto eps = noise.normal(x_0.sizes());
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

Step library_sampling_step(Source noise, TensorMap& weights) {
  LibraryUnet unet;
  add_weights(weights, "", *unet);
  unet->to(noise.device());
  const double a = library_alpha_bar()[500].item<double>();
  return [=]() mutable {
    const c10::InferenceMode inference;
    const auto x = noise.normal({64, 1, 28, 28});
    const auto v = unet->forward(x, at::full({64}, 500.0, x.options()));
    const auto x_0 = (std::sqrt(a) * x - std::sqrt(1.0 - a) * v).clamp(-1, 1);
    return ((x / std::sqrt(a) - x_0) / std::sqrt(1.0 / a - 1.0)).mean();
  };
}

struct Work {
  Step step;
  int steps_per_repeat;
};

Work work_named(const std::string& name, const Source& noise, TensorMap& weights) {
  const int more = noise.device().is_cuda() ? 20 : 1;  // a GPU's steps are short
  if (name == "mlp_vae_train") return {vae_step(MlpVae(), {128, 784}, 20, noise, weights), 100};
  if (name == "conv_vae_train") {
    return {vae_step(ConvVae(), {128, 1, 28, 28}, 32, noise, weights), 10 * more};
  }
  if (name == "dcgan_train") return {dcgan_step(noise, weights), 3 * more};
  if (name == "wgan_gp_train") return {wgan_gp_step(noise, weights), more};
  if (name == "stylegan2_train") return {stylegan2_step(noise, weights), 2 * more};
  if (name == "stylegan2_convolutions") {
    return {stylegan2_convolutions_step(noise, weights), 10 * more};
  }
  if (name == "ddpm_train") return {ddpm_step(noise, weights), more};
  if (name == "ddpm_sample") return {ddpm_sampling_step(noise, weights), 2 * more};
  if (name == "ddp_library_train") return {library_step(noise, weights), more};
  if (name == "ddp_library_sample") return {library_sampling_step(noise, weights), 2 * more};
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
  const std::string how = argc > 3 ? argv[3] : "";
  if (!how.empty() && how != "exact" && how != "cuda") {
    throw std::invalid_argument("not exact or cuda: " + how);
  }
  const auto device = pick_device(how == "cuda" ? "cuda" : "cpu");
  const ConvolutionModeScope mode(how.empty() ? ConvolutionMode::kWinograd
                                              : ConvolutionMode::kExact);
  torch::manual_seed(0);
  TensorMap weights;
  const auto work = perf::work_named(name, perf::Source(device, 1), weights);
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
