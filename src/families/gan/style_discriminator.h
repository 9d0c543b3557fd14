// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "families/gan/architecture.h"

namespace assay {

/// The discriminator of both style architectures (Karras et al. 2020, fig. 7; layers as in the
/// authors' PyTorch code), from the image's side down to 4 to 7: a 1×1 convolution from the image;
/// per halving a 3×3 convolution and one that halves, "residual": with a 1×1 convolution that
/// halves beside them, sum · 1/√2; "plain": without; then minibatch standard deviation, a 3×3
/// convolution and a linear layer to as many features as channels. All with leaky ReLU and an
/// equalised rate. Then the linear layer to the logits.
Sequential style_discriminator(const GanShape& shape);

/// Its keys.
Schema style_discriminator_keys();

}  // namespace assay
