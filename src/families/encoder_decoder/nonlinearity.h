// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/choices.h"

namespace assay {

/// Between the layers of an encoder and a decoder, and of an autoencoder's code.
enum class Nonlinearity { kNone, kRelu, kSilu, kTanh, kSigmoid };

inline const Choices<Nonlinearity> kNonlinearities = {{"relu", Nonlinearity::kRelu},
                                                      {"silu", Nonlinearity::kSilu},
                                                      {"tanh", Nonlinearity::kTanh},
                                                      {"sigmoid", Nonlinearity::kSigmoid}};

}  // namespace assay
