// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/choices.h"
#include "families/encoder_decoder/nonlinearity.h"

namespace assay {

enum class Reconstruction { kSquaredError, kCrossEntropy };
enum class Sparsity { kNone, kL1, kKl };
enum class Contraction { kNone, kClosedForm, kExact, kHutchinson };
enum class CodeFit { kGaussian, kMixture };

inline const Choices<Reconstruction> kReconstructions = {
    {"squared_error", Reconstruction::kSquaredError},
    {"cross_entropy", Reconstruction::kCrossEntropy}};
inline const Choices<Sparsity> kSparsities = {
    {"none", Sparsity::kNone}, {"l1", Sparsity::kL1}, {"kl", Sparsity::kKl}};
inline const Choices<Contraction> kContractions = {{"none", Contraction::kNone},
                                                   {"closed_form", Contraction::kClosedForm},
                                                   {"exact", Contraction::kExact},
                                                   {"hutchinson", Contraction::kHutchinson}};
inline const Choices<Nonlinearity> kCodeActivations = {{"none", Nonlinearity::kNone},
                                                       {"sigmoid", Nonlinearity::kSigmoid},
                                                       {"relu", Nonlinearity::kRelu}};
inline const Choices<CodeFit> kCodeFits = {{"gaussian", CodeFit::kGaussian},
                                           {"mixture", CodeFit::kMixture}};

}  // namespace assay
