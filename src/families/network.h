// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

/// A network of freshly drawn weights on a device.
template <class Network, class Options>
Network make_network(const Options& options, torch::Device device) {
  Network network(options);
  network->to(device);
  return network;
}

/// The mean image in [−1,1] of a decoder's logits, whose sigmoid is the mean in [0,1].
inline torch::Tensor mean_image(const torch::Tensor& logits) {
  return 2.0 * logits.sigmoid() - 1.0;
}

}  // namespace assay
