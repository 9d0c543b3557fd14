// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "nn/blocks/convolution.h"

// The U-Net of denoising-diffusion-pytorch 2.3.4 (lucidrains) with dim = 32, dim_mults = (1, 2, 4),
// one channel, layer by layer and with its names of parameters, out of assay's kernels.
namespace assay::perf {

/// x / max(‖x‖, 1e-12) · g · √C over the channels of each pixel.
class LibraryNormImpl : public torch::nn::Module {
 public:
  explicit LibraryNormImpl(std::int64_t channels);
  torch::Tensor forward(const torch::Tensor& x);
  torch::Tensor g;  ///< [1,C,1,1]
};
TORCH_MODULE(LibraryNorm);

/// SiLU(norm(Conv3(x)) · (scale + 1) + shift).
class LibraryBlockImpl : public torch::nn::Module {
 public:
  LibraryBlockImpl(std::int64_t in, std::int64_t out);
  /// scale, shift: [N,O] or undefined.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& scale,
                        const torch::Tensor& shift);

 private:
  Convolution proj_;
  LibraryNorm norm_;
};
TORCH_MODULE(LibraryBlock);

class LibraryResnetBlockImpl : public torch::nn::Module {
 public:
  LibraryResnetBlockImpl(std::int64_t in, std::int64_t out);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& time);

 private:
  torch::nn::Sequential mlp_;
  LibraryBlock block1_, block2_;
  Convolution res_conv_{nullptr};
};
TORCH_MODULE(LibraryResnetBlock);

/// Attention of 4 heads of 32 with 4 learned memories: linear (Shen et al. 2021) or full.
class LibraryAttentionImpl : public torch::nn::Module {
 public:
  LibraryAttentionImpl(std::int64_t channels, bool full);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::Tensor full(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v);
  torch::Tensor linear(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v);

  bool full_;
  LibraryNorm norm_;
  torch::Tensor mem_kv_;  ///< full: [2,h,n,d], linear: [2,h,d,n]
  Convolution to_qkv_;
  torch::nn::Sequential to_out_{nullptr};
  Convolution to_out_full_{nullptr};
};
TORCH_MODULE(LibraryAttention);

/// Two blocks, attention, and a change of resolution.
class LibraryStageImpl : public torch::nn::Module {
 public:
  enum class Resample { kNone, kDown, kUp };
  struct Options {
    std::int64_t in, width, out;
    bool full_attention;
    Resample resample;
  };
  explicit LibraryStageImpl(const Options& options);
  torch::Tensor resample(const torch::Tensor& x);

  LibraryResnetBlock block1, block2;
  LibraryAttention attention;

 private:
  Resample resample_;
  Convolution convolution_;
};
TORCH_MODULE(LibraryStage);

class LibraryUnetImpl : public torch::nn::Module {
 public:
  LibraryUnetImpl();
  /// x: [N,1,28,28]; t: [N] f32, steps of 0…999.
  torch::Tensor forward(torch::Tensor x, const torch::Tensor& t);

 private:
  torch::Tensor frequencies_;
  Convolution init_conv_;
  torch::nn::Sequential time_mlp_;
  std::vector<LibraryStage> downs_, ups_;
  LibraryResnetBlock mid_block1_, mid_block2_, final_res_block_;
  LibraryAttention mid_attention_;
  Convolution final_conv_;
};
TORCH_MODULE(LibraryUnet);

}  // namespace assay::perf
