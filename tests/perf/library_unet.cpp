// SPDX-License-Identifier: Apache-2.0
#include "library_unet.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>
#include <torch/utils.h>

#include <cmath>

#include "kernels/normalisation/rms_norm.h"

namespace assay::perf {
namespace {

constexpr std::int64_t kDim = 32, kTime = 128, kHeads = 4, kHead = 32, kMemories = 4;

Convolution conv(std::int64_t in, std::int64_t out, std::int64_t side, bool bias = true) {
  return Convolution(torch::nn::Conv2dOptions(in, out, side).padding(side / 2).bias(bias));
}

// As the library's nn.Sequential(something without weights, convolution): the weights are "1".
torch::nn::Sequential second(Convolution convolution) {
  return torch::nn::Sequential(torch::nn::Identity(), std::move(convolution));
}

torch::nn::Module list(const std::vector<LibraryStage>& stages) {
  torch::nn::Module module;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    module.register_module(std::to_string(i), stages[i].ptr());
  }
  return module;
}

}  // namespace

LibraryNormImpl::LibraryNormImpl(std::int64_t channels)
    : g(register_parameter("g", at::ones({1, channels, 1, 1}))) {}

torch::Tensor LibraryNormImpl::forward(const torch::Tensor& x) {
  return rms_norm(x, {g.flatten(), {}}, Activation::kNone);
}

LibraryBlockImpl::LibraryBlockImpl(std::int64_t in, std::int64_t out)
    : proj_(register_module("proj", conv(in, out, 3))),
      norm_(register_module("norm", LibraryNorm(out))) {}

torch::Tensor LibraryBlockImpl::forward(const torch::Tensor& x, const torch::Tensor& scale,
                                        const torch::Tensor& shift) {
  const auto g = norm_->g.flatten();
  const auto factor = scale.defined() ? g * (scale + 1.0) : g;
  return rms_norm(proj_(x), {factor, shift}, Activation::kSilu);
}

LibraryResnetBlockImpl::LibraryResnetBlockImpl(std::int64_t in, std::int64_t out)
    : mlp_(register_module(
          "mlp", torch::nn::Sequential(torch::nn::SiLU(), torch::nn::Linear(kTime, 2 * out)))),
      block1_(register_module("block1", LibraryBlock(in, out))),
      block2_(register_module("block2", LibraryBlock(out, out))) {
  if (in != out) res_conv_ = register_module("res_conv", conv(in, out, 1));
}

torch::Tensor LibraryResnetBlockImpl::forward(const torch::Tensor& x, const torch::Tensor& time) {
  const auto parts = mlp_->forward(time).chunk(2, 1);
  const auto h = block2_(block1_(x, parts[0], parts[1]), torch::Tensor(), torch::Tensor());
  return h + (res_conv_.is_empty() ? x : res_conv_(x));
}

LibraryAttentionImpl::LibraryAttentionImpl(std::int64_t channels, bool full)
    : full_(full),
      norm_(register_module("norm", LibraryNorm(channels))),
      mem_kv_(register_parameter("mem_kv", full ? torch::randn({2, kHeads, kMemories, kHead})
                                                : torch::randn({2, kHeads, kHead, kMemories}))),
      to_qkv_(register_module("to_qkv", conv(channels, 3 * kHeads * kHead, 1, false))) {
  const auto out = conv(kHeads * kHead, channels, 1);
  if (full) {
    to_out_full_ = register_module("to_out", out);
  } else {
    to_out_ = register_module("to_out", torch::nn::Sequential(out, LibraryNorm(channels)));
  }
}

// q, k, v: [N,h,n,d].
torch::Tensor LibraryAttentionImpl::full(const torch::Tensor& q, const torch::Tensor& k,
                                         const torch::Tensor& v) {
  const auto memory = mem_kv_.unsqueeze(1).expand({2, q.size(0), kHeads, kMemories, kHead});
  return at::scaled_dot_product_attention(q, at::cat({memory[0], k}, 2),
                                          at::cat({memory[1], v}, 2));
}

// softmax over d of q, over n of k; Σ_n k_n v_nᵀ first, which costs n·d² instead of n²·d.
torch::Tensor LibraryAttentionImpl::linear(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& v) {
  const auto memory =
      mem_kv_.transpose(2, 3).unsqueeze(1).expand({2, q.size(0), kHeads, kMemories, kHead});
  const auto keys = at::cat({memory[0], k}, 2).softmax(2), values = at::cat({memory[1], v}, 2);
  const auto context = at::matmul(keys.transpose(2, 3), values);
  return at::matmul(q.softmax(3), context) * (1.0 / std::sqrt(static_cast<double>(kHead)));
}

torch::Tensor LibraryAttentionImpl::forward(const torch::Tensor& x) {
  const auto n = x.size(0), height = x.size(2), width = x.size(3);
  // Pixels in rows: [N,n,3,h,d] -> three of [N,h,n,d].
  const auto qkv = to_qkv_(norm_(x))
                       .permute({0, 2, 3, 1})
                       .reshape({n, height * width, 3, kHeads, kHead})
                       .permute({2, 0, 3, 1, 4})
                       .unbind(0);
  const auto mixed = full_ ? full(qkv[0], qkv[1], qkv[2]) : linear(qkv[0], qkv[1], qkv[2]);
  const auto image =
      mixed.transpose(1, 2).reshape({n, height, width, kHeads * kHead}).permute({0, 3, 1, 2});
  return full_ ? to_out_full_(image) : to_out_->forward(image);
}

LibraryStageImpl::LibraryStageImpl(const Options& o)
    : block1(register_module("0", LibraryResnetBlock(o.in, o.width))),
      block2(register_module("1", LibraryResnetBlock(o.in, o.width))),
      attention(register_module("2", LibraryAttention(o.width, o.full_attention))),
      resample_(o.resample),
      convolution_(o.resample == Resample::kDown ? conv(4 * o.width, o.out, 1)
                                                 : conv(o.width, o.out, 3)) {
  if (o.resample == Resample::kNone) {
    register_module("3", convolution_);
  } else {
    register_module("3", second(convolution_));
  }
}

torch::Tensor LibraryStageImpl::resample(const torch::Tensor& x) {
  if (resample_ == Resample::kDown) return convolution_(at::pixel_unshuffle(x, 2));
  if (resample_ == Resample::kNone) return convolution_(x);
  return convolution_(at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}));
}

LibraryUnetImpl::LibraryUnetImpl()
    : frequencies_(at::exp(at::arange(kDim / 2, at::kFloat) * (-std::log(10000.0) / 15.0))),
      init_conv_(register_module("init_conv", conv(1, kDim, 7))),
      time_mlp_(register_module(
          "time_mlp", torch::nn::Sequential(torch::nn::Identity(), torch::nn::Linear(kDim, kTime),
                                            torch::nn::GELU(), torch::nn::Linear(kTime, kTime)))),
      mid_block1_(register_module("mid_block1", LibraryResnetBlock(128, 128))),
      mid_block2_(register_module("mid_block2", LibraryResnetBlock(128, 128))),
      final_res_block_(register_module("final_res_block", LibraryResnetBlock(64, 32))),
      mid_attention_(register_module("mid_attn", LibraryAttention(128, true))),
      final_conv_(register_module("final_conv", conv(kDim, 1, 1))) {
  using Resample = LibraryStageImpl::Resample;
  const std::vector<LibraryStageImpl::Options> down = {{32, 32, 32, false, Resample::kDown},
                                                       {32, 32, 64, false, Resample::kDown},
                                                       {64, 64, 128, true, Resample::kNone}};
  const std::vector<LibraryStageImpl::Options> up = {{192, 128, 64, true, Resample::kUp},
                                                     {96, 64, 32, false, Resample::kUp},
                                                     {64, 32, 32, false, Resample::kNone}};
  for (const auto& options : down) downs_.emplace_back(options);
  for (const auto& options : up) ups_.emplace_back(options);
  register_module("downs", std::make_shared<torch::nn::Module>(list(downs_)));
  register_module("ups", std::make_shared<torch::nn::Module>(list(ups_)));
}

torch::Tensor LibraryUnetImpl::forward(torch::Tensor x, const torch::Tensor& t) {
  const auto angles = t.unsqueeze(1) * frequencies_;
  const auto time = time_mlp_->forward(at::cat({angles.sin(), angles.cos()}, 1));
  x = init_conv_(x);
  const auto first = x;
  std::vector<torch::Tensor> skips;
  for (auto& stage : downs_) {
    skips.push_back(x = stage->block1(x, time));
    x = stage->block2(x, time);
    skips.push_back(x = stage->attention(x) + x);
    x = stage->resample(x);
  }
  x = mid_block1_(x, time);
  x = mid_block2_(mid_attention_(x) + x, time);
  for (auto& stage : ups_) {
    x = stage->block1(at::cat({x, skips.back()}, 1), time);
    skips.pop_back();
    x = stage->block2(at::cat({x, skips.back()}, 1), time);
    skips.pop_back();
    x = stage->resample(stage->attention(x) + x);
  }
  return final_conv_(final_res_block_(at::cat({x, first}, 1), time));
}

}  // namespace assay::perf
