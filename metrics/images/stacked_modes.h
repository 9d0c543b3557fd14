// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "metrics/metric.h"
#include "metrics/points/modes.h"

namespace assay {

/// Side of images whose channels fmnist-cnn can classify, in pixels.
constexpr std::int64_t kStackedSide = 28;

/// How images fall on the modes of a stacked set, whose channels are pictures on their own (Metz et
/// al. 2017, sec. 3.3.1; Srivastava et al. 2017, VEEGAN; Lin et al. 2018, PacGAN, sec. 4.2): an
/// image's mode is the classes of its channels. classes [N,C] i64 below `count`; count^C modes,
/// (a,b,c) numbered (a·count + b)·count + c. Every image is on one of them.
ModeHistogram stacked_histogram(const at::Tensor& classes, std::int64_t count);

/// What an evaluation's classifier says of its images.
struct StackedModesMemo {
  at::Tensor images;  ///< [N,C,H,W] u8
  ModeHistogram histogram;
  Protocol classifier;
};

/// Number of modes with an image, and log(count^C) − H of images over modes in nats, KL(generated ‖
/// uniform). Channels are classified by fmnist-cnn. 26,000 images of 1,000 equally likely modes
/// miss one with probability 1,000·e^−26 and have a divergence of about 999/52,000 = 0.019.
/// Standard errors by bootstrap. Images are classified once for both, if inputs.stacked is there to
/// keep it. Throws Error for images of other sides than 28.
MetricValue compute_stacked_modes_covered(const MetricInputs& inputs);
MetricValue compute_stacked_reverse_kl(const MetricInputs& inputs);

}  // namespace assay
