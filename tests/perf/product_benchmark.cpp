// SPDX-License-Identifier: Apache-2.0
// The three products of a linear layer by the loops of kernels/matrix_product.h and by LibTorch's
// BLAS: where kernels/linear should choose which. One thread; see ci/perf --benchmark
// products.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/product/matrix_product.h"

namespace assay::perf {
namespace {

constexpr std::int64_t kRows = 100;

struct Layer {
  at::Tensor x, w, y, bias;
  LayerProducts products;

  Layer(std::int64_t in, std::int64_t out)
      : x(at::randn({kRows, in})),
        w(at::randn({out, in})),
        y(at::randn({kRows, out})),
        bias(at::randn({out})),
        products{.rows = kRows,
                 .inputs = in,
                 .outputs = out,
                 .x = x.data_ptr<float>(),
                 .w = w.data_ptr<float>(),
                 .y = y.data_ptr<float>()} {}
};

void multiply(const MatrixProduct& product) { matrix_kernels(vector_unit())->multiply(product); }

// Of each product, both ways.
using Way = void (*)(Layer&);
struct Product {
  const char* name;
  Way loops, blas;
};
constexpr Product kProducts[] = {
    {"forward", [](Layer& l) { multiply(l.products.forward(l.bias.const_data_ptr<float>())); },
     [](Layer& l) { at::addmm_out(l.y, l.bias, l.x, l.w.t()); }},
    {"input_gradient", [](Layer& l) { multiply(l.products.input_gradient()); },
     [](Layer& l) { at::mm_out(l.x, l.y, l.w); }},
    {"weight_gradient", [](Layer& l) { multiply(l.products.weight_gradient()); },
     [](Layer& l) { at::mm_out(l.w, l.y.t(), l.x); }},
};

void add(const Product& product, std::int64_t in, std::int64_t out) {
  const auto measure = [&](const std::string& way, Way work) {
    const auto name = std::string("product/") + product.name + "/" + std::to_string(in) + "_to_" +
                      std::to_string(out) + "/" + way;
    benchmark::RegisterBenchmark(name.c_str(), [work, in, out](benchmark::State& state) {
      const at::NoGradGuard no_grad;
      Layer layer(in, out);
      for (auto _ : state) work(layer);
      state.SetItemsProcessed(state.iterations() * 2 * kRows * in * out);  // FLOP
    });
  };
  measure("loops", product.loops);
  measure("libtorch", product.blas);
}

}  // namespace
}  // namespace assay::perf

int main(int argc, char** argv) {
  if (assay::matrix_kernels(assay::vector_unit()) == nullptr) {
    throw std::runtime_error("this processor has no loops to measure");
  }
  at::set_num_threads(1);
  for (const auto& product : assay::perf::kProducts) {
    for (const auto& [in, out] : {std::pair{2, 128},
                                  {32, 32},
                                  {128, 2},
                                  {64, 64},
                                  {128, 128},
                                  {256, 256},
                                  {784, 400},
                                  {3136, 256},
                                  {1024, 1024},
                                  {2048, 2048}}) {
      assay::perf::add(product, in, out);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
