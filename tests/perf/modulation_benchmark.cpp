// SPDX-License-Identifier: Apache-2.0
// The two ways of a modulated convolution (nn/blocks/modulated_convolution.h), forward and
// backward, at the sizes of small StyleGAN2s: which one modulated_convolution should take by
// default. One thread; see ci/perf --benchmark modulation.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/csrc/autograd/autograd.h>

#include <string>

#include "kernels/convolution/convolution.h"
#include "nn/blocks/modulated_convolution.h"

namespace assay::perf {
namespace {

constexpr std::int64_t kExamples = 32;

struct Layer {
  const char* name;
  std::int64_t channels, side;
  bool doubles;
};
constexpr Layer kLayers[] = {{"64_at_32", 64, 32, false},
                             {"64_at_16_doubled", 64, 16, true},
                             {"64_at_7", 64, 7, false},
                             {"16_at_28", 16, 28, false}};

void add(const Layer& layer, Modulation way, const std::string& way_name) {
  const auto name = std::string("modulation/") + layer.name + "/" + way_name;
  benchmark::RegisterBenchmark(name.c_str(), [layer, way](benchmark::State& state) {
    const ConvolutionModeScope scope(ConvolutionMode::kWinograd);
    const auto x = at::randn({kExamples, layer.channels, layer.side, layer.side})
                       .contiguous(at::MemoryFormat::ChannelsLast)
                       .requires_grad_();
    const auto weight = at::randn({layer.channels, layer.channels, 3, 3}).requires_grad_();
    const auto styles = at::randn({kExamples, layer.channels}).requires_grad_();
    for (auto _ : state) {
      const auto y =
          modulated_convolution(x, weight, styles, {.doubles = layer.doubles, .way = way});
      torch::autograd::grad({y.sum()}, {x, weight, styles});
    }
    state.SetItemsProcessed(state.iterations() * kExamples);
  });
}

}  // namespace
}  // namespace assay::perf

int main(int argc, char** argv) {
  at::set_num_threads(1);
  for (const auto& layer : assay::perf::kLayers) {
    add(layer, assay::Modulation::kScaled, "scaled");
    add(layer, assay::Modulation::kGrouped, "grouped");
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
