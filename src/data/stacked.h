// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace assay {

/// Images whose three channels are pictures drawn at random, with replacement, from a grey set:
/// [count,3,H,W] u8, class 100a + 10b + c of pictures of classes a, b, c (Metz et al. 2017,
/// "Unrolled GAN", sec. 3.3.1). grey: [N,1,H,W] with labels below 10.
DataSplit stack_channels(const DataSplit& grey, std::int64_t count, std::uint64_t seed);

/// Fashion-MNIST so stacked: request.count training images (default 128,000, as in VEEGAN) of its
/// training pictures, and 26,000 test images of its test pictures. Throws Error where Fashion-MNIST
/// is absent, and for request.channels other than 0 and 3.
Dataset load_stacked_fashion_mnist(const DatasetRequest& request);

}  // namespace assay
