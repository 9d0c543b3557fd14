// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// Classification accuracy score (Ravuri & Vinyals 2019, sec. 3): the share of real test images
/// (reference_images and reference_labels) whose label is the first choice of a classifier that
/// was trained on generated_images [N,C,H,W] u8 and generated_labels alone. Binomial standard
/// error over the test images: what another training seed or other generated images would change
/// is not in it.
///
/// The paper trains a ResNet-50 on ImageNet; here nn/fmnist_cnn.h is trained on images of 28×28
/// pixels and nn/cifar_resnet.h on others (8×8 and up), weights drawn as initialise_kaiming does,
/// by AdamW (4e-3, one-cycle, decay 1e-2) on batches of 128 for `cas.epochs` epochs, without
/// augmentation; a rest smaller than a batch sits out its epoch. Draws come from streams of
/// `cas.seed`. One thread computes all, so that the bits do not depend on how many there are.
///
/// Throws Error for absent images or labels, unequal shapes, labels that are negative or reach
/// beyond the number of generated images, generated labels that are all the same, and a training
/// that diverges.
MetricValue compute_cas(const MetricInputs& inputs);

}  // namespace assay
