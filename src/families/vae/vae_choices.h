// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "config/choices.h"
#include "families/vae/mmd.h"
#include "families/vae/observation_model.h"
#include "families/vae/total_correlation.h"

namespace assay {

enum class Dip { kNone, kI, kII };

/// Whether q(z|x) is a point.
inline const Choices<bool> kPosteriors = {{"gaussian", false}, {"point", true}};
/// Whether p(z) is a mixture of the posteriors of pseudo-inputs.
inline const Choices<bool> kPriors = {{"standard_normal", false}, {"vamp", true}};
inline const Choices<Likelihood> kLikelihoods = {
    {"bernoulli", Likelihood::kBernoulli},
    {"gaussian", Likelihood::kGaussian},
    {"laplace", Likelihood::kLaplace},
    {"discretised_logistic", Likelihood::kDiscretisedLogistic}};
inline const Choices<LikelihoodScale> kScales = {{"fixed", LikelihoodScale::kFixed},
                                                 {"optimal", LikelihoodScale::kOptimal},
                                                 {"learned", LikelihoodScale::kLearned}};
/// Whether the bound is importance-weighted.
inline const Choices<bool> kBounds = {{"elbo", false}, {"iwae", true}};
/// Whether the KL term's weight goes through cycles.
inline const Choices<bool> kKlSchedules = {{"linear", false}, {"cyclical", true}};
inline const Choices<std::optional<AggregateEstimator>> kKlParts = {
    {"none", std::nullopt},
    {"weighted", AggregateEstimator::kWeighted},
    {"stratified", AggregateEstimator::kStratified}};
inline const Choices<Dip> kDips = {{"none", Dip::kNone}, {"i", Dip::kI}, {"ii", Dip::kII}};
inline const Choices<MmdKernel> kMmdKernels = {
    {"inverse_multiquadratic", MmdKernel::kInverseMultiquadratic},
    {"gaussian", MmdKernel::kGaussian}};

}  // namespace assay
