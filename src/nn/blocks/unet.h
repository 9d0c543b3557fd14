// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/blocks/attention.h"
#include "nn/blocks/convolution.h"
#include "nn/blocks/denoising_network.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/residual_block.h"
#include "nn/blocks/spatial_transformer.h"
#include "nn/blocks/time_embedding.h"
#include "nn/noise.h"

namespace assay {

/// How levels are joined.
enum class UNetLayout {
  /// Ho et al. 2020, appendix B: skips after the first convolution, every block and every
  /// downsampling, so one block more per level on the way up; resampling keeps the channels
  /// (nearest neighbour, then convolution); middle = block, attention, block.
  kDdpm,
  /// For small budgets: skips after blocks only, as many blocks up as down; resampling convolutions
  /// change the channels and run at the lower resolution; middle = attention, block.
  kCompact
};

/// What levels are joined by.
enum class UNetResample {
  kConvolution,  ///< a convolution of stride 2; nearest neighbour and a convolution (Ho et al.
                 ///< 2020)
  kResidual,     ///< residual blocks that resample (Dhariwal & Nichol 2021)
  kProjected,    ///< the same with a 1×1 convolution beside (Song et al. 2021: "BigGAN" blocks)
  kPooling       ///< means of 2×2 pixels and nearest neighbours, without weights (Dhariwal &
                 ///< Nichol 2021, code, without conv_resample); layout kDdpm alone
};

struct UNetOptions {
  std::int64_t channels = 1;     ///< of the images, in and out
  std::int64_t image_size = 28;  ///< images are image_size × image_size
  std::int64_t base_channels = 64;
  std::vector<std::int64_t> multipliers = {1, 2,
                                           2};  ///< one level each, channels = base · multiplier
  std::int64_t blocks = 2;                      ///< residual blocks per level
  /// Sides of feature maps whose blocks are followed by attention; the middle always has one.
  std::vector<std::int64_t> attention_resolutions = {};
  bool attention_in_last_up_block_only = false;  ///< of a level (Song et al. 2021, code)
  std::int64_t heads = 4;
  std::int64_t head_channels = 0;   ///< of each head, instead of a number of heads; 0: by heads
  std::int64_t groups = 8;          ///< of group normalisation
  std::int64_t space_to_depth = 1;  ///< f: the net sees [f²C, H/f, W/f] (Shi et al. 2016)
  double dropout = 0.0;
  TimeConditioning conditioning = TimeConditioning::kFilm;
  std::int64_t time_embedding = 0;     ///< width of the sinusoidal embedding; 0: 2 · base_channels
  double lowest_time_frequency = 1.0;  ///< radians per unit of t
  double highest_time_frequency = 1000.0;
  double fourier_scale = 0.0;  ///< of Gaussian Fourier features of t instead; 0: none
  UNetLayout layout = UNetLayout::kDdpm;
  UNetResample resample = UNetResample::kConvolution;
  ResampleFilter resample_filter = {1, 1};  ///< of residual blocks and of the progressive input
  double skip_scale = 1.0;                  ///< of all residual blocks and attentions
  /// The image, filtered and convolved from level to level, is added to what comes down (Song et
  /// al. 2021, appendix H, "residual").
  bool progressive_input = false;
  std::int64_t classes = 0;  ///< it may be told; their embedding is added to that of the time
  /// Entries of the table that a condition's tokens index; 0: it has none. With one, all attention
  /// is by spatial transformers that look at the tokens' embeddings, as wide as that of the time.
  std::int64_t token_entries = 0;
  std::int64_t tokens = 1;   ///< in a condition
  std::int64_t outputs = 1;  ///< images that it returns, one behind the other in the channels
};

/// Width of the sinusoidal embedding of the time, and of what two layers make of it.
std::int64_t unet_embedding_width(const UNetOptions& options);
std::int64_t unet_time_channels(const UNetOptions& options);

/// What does not fit in `options` (sides that do not halve evenly, groups or heads that do not
/// divide the channels), as the sentence of an error message; empty if all fits.
std::string unet_misfit(const UNetOptions& options);

/// A residual block, followed by attention where the options ask for it.
class UNetBlockImpl : public torch::nn::Module {
 public:
  /// heads: of the attention; 0: none. context_width: of the tokens that it looks at; 0: none.
  UNetBlockImpl(const ResidualBlockOptions& residual, std::int64_t heads,
                std::int64_t context_width = 0);
  /// context: [N,L,context_width], or undefined.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& embedding,
                        const torch::Tensor& context, std::optional<Noise> noise);

 private:
  ResidualBlock residual_;
  SelfAttention attention_{nullptr};
  SpatialTransformer transformer_{nullptr};
};
TORCH_MODULE(UNetBlock);

/// U-Net of denoising diffusion models (Ronneberger et al. 2015; Ho et al. 2020, appendix B). The
/// output convolution starts at zero, so an untrained net returns zero.
class UNetImpl : public DenoisingNetwork {
 public:
  /// Throws c10::Error with unet_misfit()'s sentence.
  explicit UNetImpl(const UNetOptions& options);

  /// x_t: [N,C,S,S] f32; t: [N] f32, the time as a share of the whole process or what else stands
  /// for the noise. Returns [N,C,S,S]. `noise` draws dropout masks in training.
  torch::Tensor forward(const torch::Tensor& x_t, const torch::Tensor& t,
                        std::optional<Noise> noise = std::nullopt);
  torch::Tensor predict(const torch::Tensor& x_t, const torch::Tensor& t,
                        const Condition& condition, std::optional<Noise> noise) override;

 private:
  // A convolution or a residual block leads to the next level; nothing does from the last.
  struct Level {
    std::vector<UNetBlock> blocks;
    Convolution convolution{nullptr};
    ResidualBlock residual{nullptr};
    Convolution image{nullptr};  // of the progressive input
  };

  void build_down(std::vector<std::int64_t>& skips);
  void build_up(std::vector<std::int64_t>& skips);
  void join(Level& level, const std::string& name, std::int64_t in, std::int64_t out,
            Resampling how);
  ResidualBlockOptions residual(std::int64_t in, std::int64_t out) const;
  UNetBlock block(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t heads);
  void build_middle();
  torch::Tensor embed(const torch::Tensor& t, const torch::Tensor& labels);
  torch::Tensor context(const torch::Tensor& tokens, std::int64_t count);
  torch::Tensor middle(const torch::Tensor& x, const torch::Tensor& embedding,
                       const torch::Tensor& context, const std::optional<Noise>& noise);
  std::int64_t context_width() const;
  torch::Tensor resample(Level& level, const torch::Tensor& h, Resampling how,
                         const torch::Tensor& embedding, std::optional<Noise> noise) const;
  bool attends(std::size_t level) const;
  std::int64_t heads(std::size_t level) const;
  bool compact() const { return options_.layout == UNetLayout::kCompact; }
  std::int64_t width(std::size_t level) const;
  std::int64_t side(std::size_t level) const;

  UNetOptions options_;
  torch::Tensor frequencies_;
  FourierFeatures fourier_{nullptr};
  Linear time1_{nullptr}, time2_{nullptr};
  torch::nn::Embedding label_{nullptr}, tokens_{nullptr};
  Convolution input_{nullptr}, output_{nullptr};
  torch::nn::GroupNorm output_norm_{nullptr};
  std::vector<Level> down_, up_;
  UNetBlock middle1_{nullptr}, middle2_{nullptr};
  SelfAttention middle_attention_{nullptr};
  SpatialTransformer middle_transformer_{nullptr};
};
TORCH_MODULE(UNet);

}  // namespace assay
