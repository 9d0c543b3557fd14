// SPDX-License-Identifier: Apache-2.0
#include "nn/optim/ema.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

namespace assay {
namespace {

double decay_of_half_life(const EmaOptions& options, std::int64_t step) {
  const auto images = static_cast<double>(options.images_per_step);
  auto half_life = static_cast<double>(options.half_life_images);
  if (options.ramp_ratio > 0.0) {
    half_life = std::min(half_life, options.ramp_ratio * images * static_cast<double>(step));
  }
  return half_life > 0.0 ? std::exp2(-images / half_life) : 0.0;
}

}  // namespace

double ema_decay(const EmaOptions& options, std::int64_t step) {
  if (options.half_life_images > 0) return decay_of_half_life(options, step);
  if (!options.ramp) return options.decay;
  const auto n = static_cast<double>(step);
  return std::min(options.decay, (1.0 + n) / (10.0 + n));
}

Ema::Ema(torch::nn::Module& shadow, const torch::nn::Module& live, const EmaOptions& options)
    : options_(options) {
  const torch::NoGradGuard no_grad;
  shadow_ = shadow.parameters();
  live_ = live.parameters();
  const auto buffers = shadow.buffers();
  const auto live_buffers = live.buffers();
  TORCH_CHECK(shadow_.size() == live_.size() && buffers.size() == live_buffers.size(),
              "the average has another architecture than the network");
  for (auto& parameter : shadow_) parameter.requires_grad_(false);
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const bool averaged = buffers[i].is_floating_point();
    (averaged ? shadow_ : shadow_counters_).push_back(buffers[i]);
    (averaged ? live_ : live_counters_).push_back(live_buffers[i]);
  }
  for (std::size_t i = 0; i < shadow_.size(); ++i) shadow_[i].copy_(live_[i]);
  for (std::size_t i = 0; i < shadow_counters_.size(); ++i) {
    shadow_counters_[i].copy_(live_counters_[i]);
  }
  shadow.eval();
}

void Ema::update(std::int64_t step) {
  const torch::NoGradGuard no_grad;
  at::_foreach_lerp_(shadow_, live_, 1.0 - ema_decay(options_, step));
  for (std::size_t i = 0; i < shadow_counters_.size(); ++i) {
    shadow_counters_[i].copy_(live_counters_[i]);
  }
}

}  // namespace assay
