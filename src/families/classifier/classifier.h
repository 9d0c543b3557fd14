// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "families/capabilities.h"
#include "families/trainable.h"

namespace assay {

/// The classifier behind the extractor fmnist-cnn (nn/blocks/fmnist_cnn.h), trained by
/// cross-entropy. Its weights are "network.…" in the training state.
///
/// Logged per step: loss (nats per image), accuracy (share of the batch, in training mode).
Schema classifier_schema();
/// Throws Error where switches exclude one another.
void check_classifier(const Definition& definition);
Capabilities classifier_capabilities(const Definition& definition);
std::unique_ptr<Trainable> make_classifier(const ModelArgs& args);

}  // namespace assay
