// SPDX-License-Identifier: Apache-2.0
#include "families/sampling.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>

namespace assay {

torch::Tensor draw_normal(std::int64_t count, const std::vector<std::int64_t>& shape,
                          torch::Generator generator) {
  auto sizes = shape;
  sizes.insert(sizes.begin(), count);
  auto all = at::empty(sizes, at::kFloat);
  for (std::int64_t i = 0; i < count; ++i) all[i].normal_(0.0, 1.0, generator);
  return all;
}

torch::Generator generator_of_sample(std::uint64_t seed) {
  constexpr std::uint32_t kWords = at::MERSENNE_STATE_N;
  const std::array<std::uint32_t, 2> key = {static_cast<std::uint32_t>(seed),
                                            static_cast<std::uint32_t>(seed >> 32)};
  auto data = at::mt19937(19650218).data();
  auto& state = data.state_;
  std::uint32_t i = 1;
  // What stands before state_[i], scrambled; the first word follows the last.
  const auto scrambled = [&](std::uint32_t factor) {
    return state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) * factor);
  };
  const auto advance = [&] {
    if (++i < kWords) return;
    state[0] = state[kWords - 1];
    i = 1;
  };
  for (std::uint32_t k = 0; k < kWords; ++k, advance()) {
    state[i] = scrambled(1664525) + key[k % 2] + k % 2;
  }
  for (std::uint32_t k = 1; k < kWords; ++k, advance()) state[i] = scrambled(1566083941) - i;
  state[0] = 0x80000000U;
  data.seed_ = seed;
  at::mt19937 engine;
  engine.set_data(data);
  auto generator = at::detail::createCPUGenerator(seed);
  generator.get<at::CPUGeneratorImpl>()->set_engine(engine);
  return generator;
}

MixtureDraws draw_uniform_and_normal(std::int64_t count, std::int64_t dimensions,
                                     torch::Generator generator) {
  MixtureDraws draws{at::empty({count}, at::kDouble), at::empty({count, dimensions}, at::kFloat)};
  for (std::int64_t i = 0; i < count; ++i) {
    draws.uniform[i].uniform_(0.0, 1.0, generator);
    draws.normal[i].normal_(0.0, 1.0, generator);
  }
  return draws;
}

void sample_in_batches(
    const SampleRequest& request,
    const std::function<torch::Tensor(std::int64_t begin, std::int64_t end)>& make) {
  TORCH_CHECK(request.count > 0 && request.batch_size > 0, "cannot draw ", request.count,
              " samples in batches of ", request.batch_size);
  const torch::NoGradGuard no_grad;
  for (std::int64_t begin = 0; begin < request.count; begin += request.batch_size) {
    const auto end = std::min(request.count, begin + request.batch_size);
    const auto batch = make(begin, end).to(at::kCPU);
    if (request.progress) request.progress(end);
    if (request.sink) request.sink(batch);
  }
}

torch::Tensor samples_as_one(GenerativeModel& model, SampleRequest request) {
  std::vector<torch::Tensor> parts;
  request.sink = [&parts, given = request.sink](const torch::Tensor& batch) {
    if (given) given(batch);
    parts.push_back(batch);
  };
  model.sample(request);
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

EvalMode::EvalMode(torch::nn::Module& module)
    : module_(module), was_training_(module.is_training()) {
  module_.eval();
}

EvalMode::~EvalMode() { module_.train(was_training_); }

}  // namespace assay
