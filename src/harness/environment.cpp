// SPDX-License-Identifier: Apache-2.0
#include "harness/environment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <torch/version.h>
#include <unistd.h>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "core/build_kind.h"
#include "core/error.h"
#include "core/near_miss.h"
#include "core/random.h"
#include "harness/build_commit.h"

#ifdef ASSAY_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <c10/cuda/CUDACachingAllocator.h>
#endif

namespace assay {
namespace {

// The value after "key :" in /proc/cpuinfo or an os-release style file.
std::string field_of(const std::string& file, const std::string& key, char separator) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto at = line.find(separator);
    if (!line.starts_with(key) || at == std::string::npos) continue;
    const auto begin = line.find_first_not_of(" \t\"", at + 1);
    if (begin == std::string::npos) return "";
    return line.substr(begin, line.find_last_not_of(" \t\"") - begin + 1);
  }
  return "unknown";
}

std::string relevant_flags() {
  std::istringstream all(field_of("/proc/cpuinfo", "flags", ':'));
  constexpr std::array<std::string_view, 5> kRelevant = {"avx2", "fma", "avx512f", "avx512_bf16",
                                                         "amx_bf16"};
  std::vector<std::string> present;
  for (std::string flag; all >> flag;) {
    if (std::find(kRelevant.begin(), kRelevant.end(), flag) != kRelevant.end())
      present.push_back(flag);
  }
  return fmt::format("{}", fmt::join(present, " "));
}

void describe_gpu([[maybe_unused]] Machine& machine) {
#ifdef ASSAY_CUDA
  if (at::hasCUDA() && at::cuda::device_count() > 0) {
    const auto* properties = at::cuda::getCurrentDeviceProperties();
    int version = 0;
    cudaDriverGetVersion(&version);
    machine.gpu = fmt::format("{} ({} MiB)", properties->name, properties->totalGlobalMem >> 20);
    machine.driver = fmt::format("CUDA {}.{}", version / 1000, version % 1000 / 10);
  }
#endif
}

void compute_exactly_on_gpus() {
  // cuBLAS reads it when it is first used; without it some of its sums have no fixed order.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  auto& context = at::globalContext();
  context.setAllowTF32CuBLAS(false);
  context.setAllowTF32CuDNN(false);
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(true);
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  // Nothing reads fresh memory; filling it costs a kernel for every tensor.
  context.setDeterministicFillUninitializedMemory(false);
}

bool cuda_is_usable() {
#ifdef ASSAY_CUDA
  return at::hasCUDA() && at::cuda::device_count() > 0;
#else
  return false;
#endif
}

}  // namespace

Machine this_machine() {
  Machine machine;
  machine.cpu = field_of("/proc/cpuinfo", "model name", ':');
  machine.flags = relevant_flags();
  machine.cores = static_cast<int>(std::thread::hardware_concurrency());
  machine.memory_bytes = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE);
  utsname kernel{};
  uname(&kernel);
  machine.os =
      fmt::format("{}, Linux {}", field_of("/etc/os-release", "PRETTY_NAME", '='), kernel.release);
  machine.compiler = fmt::format("g++ {}", __VERSION__);
#ifndef __OPTIMIZE__
  machine.compiler += kDebugBuild;
#endif
  machine.libtorch = TORCH_VERSION;
  describe_gpu(machine);
  return machine;
}

Commit this_commit() {
  return {std::string(kBuildCommit), kBuildCommit.find('+') != std::string_view::npos,
          std::string(kCodeDigest)};
}

torch::Device pick_device(std::string_view wanted) {
  const std::vector<std::string> known = {"auto", "cpu", "cuda"};
  if (std::find(known.begin(), known.end(), wanted) == known.end()) {
    throw Error(
        fmt::format("--device {}: is not known{}", wanted, suggestion(wanted, known, "devices")));
  }
  if (wanted == "cuda" && !cuda_is_usable()) {
    throw Error(
        "--device cuda: no usable GPU here; build with ASSAY_PRESET=cuda on a machine with an "
        "NVIDIA "
        "driver, or use --device cpu");
  }
  if (wanted == "cpu" || !cuda_is_usable()) return torch::Device(torch::kCPU);
  compute_exactly_on_gpus();
  return torch::Device(torch::kCUDA, 0);
}

std::int64_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

std::int64_t peak_memory_bytes([[maybe_unused]] torch::Device device) {
#ifdef ASSAY_CUDA
  // Before anything lay there it has no statistics.
  if (device.is_cuda() && c10::cuda::CUDACachingAllocator::get()->initialized()) {
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
    constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    return stats.allocated_bytes[kAll].peak;
  }
#endif
  return peak_memory_bytes();
}

torch::Generator make_generator(torch::Device device, std::uint64_t run_seed,
                                std::string_view stream) {
  const std::uint64_t seed = stream_seed(run_seed, stream);
#ifdef ASSAY_CUDA
  if (device.is_cuda()) {
    torch::Generator generator = at::cuda::detail::createCUDAGenerator(device.index());
    generator.set_current_seed(seed);
    return generator;
  }
#endif
  TORCH_CHECK(device.is_cpu(), "no generator for device ", device);
  return at::detail::createCPUGenerator(seed);
}

}  // namespace assay
