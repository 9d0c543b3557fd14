// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#ifdef ASSAY_CUDA
#include <ATen/cuda/CUDAGeneratorImpl.h>
#endif

#include <cstdint>

namespace assay::perf {

/// Where a work's random tensors come from and lie: the draws of torch.Generator(device), as the
/// peer's.
class Source {
 public:
  Source(at::Device device, std::uint64_t seed) : device_(device), generator_(made(device, seed)) {}

  at::Tensor normal(at::IntArrayRef sizes) { return at::randn(sizes, generator_, device_); }
  at::Tensor uniform(at::IntArrayRef sizes) { return at::rand(sizes, generator_, device_); }
  at::Tensor below(std::int64_t end, at::IntArrayRef sizes) {
    return at::randint(0, end, sizes, generator_, at::TensorOptions(device_).dtype(at::kLong));
  }
  const at::Device& device() const { return device_; }
  const at::Generator& generator() const { return generator_; }

 private:
  static at::Generator made(at::Device device, std::uint64_t seed) {
#ifdef ASSAY_CUDA
    if (device.is_cuda()) {
      auto generator = at::cuda::detail::createCUDAGenerator(device.index());
      generator.set_current_seed(seed);
      return generator;
    }
#endif
    TORCH_CHECK(device.is_cpu(), "built without CUDA");
    return at::detail::createCPUGenerator(seed);
  }

  at::Device device_;
  at::Generator generator_;
};

}  // namespace assay::perf
