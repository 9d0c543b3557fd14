// SPDX-License-Identifier: Apache-2.0
// What a diffusion model's definition may not compose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "core/error.h"
#include "families/diffusion/composition.h"
#include "families/diffusion/diffusion.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& toml) {
  try {
    check_diffusion(resolve_text("family = 'diffusion'\n" + toml, "here.toml", family_schema, {}));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(DiffusionCheck, ASamplerHasSomethingToDo) {
  const std::string pc = "objective.process = 've'\nsampler.name = 'predictor_corrector'\n";
  EXPECT_EQ(refusal(pc + "sampler.predictor = 'none'\n"), "");
  EXPECT_EQ(refusal(pc + "sampler.corrector = 'none'\n"), "");
  EXPECT_THAT(refusal(pc + "sampler.predictor = 'none'\nsampler.corrector = 'none'\n"),
              HasSubstr("stay the noise"));
  const std::string churn =
      "objective.process = 'edm'\nsampler.name = 'edm_heun'\nsampler.spacing = 'karras'\n"
      "sampler.s_churn = 10\nsampler.s_tmin = 2\n";
  EXPECT_EQ(refusal(churn), "");
  EXPECT_THAT(refusal(churn + "sampler.s_tmax = 1\n"), HasSubstr("no noise to churn at"));
}

// Song et al. 2021, code: eps = 1e-5 of losses and likelihoods, 1e-3 of samplers.
TEST(DiffusionCheck, TrainingGoesToTheLeastTimeAndSamplersToTheLast) {
  const std::string vp = "family = 'diffusion'\nsampler.steps = 5\n";
  const auto times = [&](const std::string& more) {
    const auto d = resolve_text(vp + more, "here.toml", family_schema, {});
    const auto process = process_of(d, torch::kCPU);
    return std::pair(process->last_time(), sampler_times(d, *process).back());
  };
  const auto expect = [&](const std::string& more, double trained, double sampled) {
    const auto found = times(more);
    EXPECT_EQ(found.first, trained) << more;
    EXPECT_NEAR(found.second, sampled, 1e-12) << more;
  };
  expect("", 1e-3, 1e-3);
  expect("objective.least_time = 1e-5\n", 1e-5, 1e-5);
  for (const std::string spacing : {"uniform", "quadratic", "log_snr", "karras"}) {
    expect("objective.least_time = 1e-5\nsampler.last_time = 1e-3\nsampler.spacing = '" + spacing +
               "'\n",
           1e-5, 1e-3);
  }
  EXPECT_THAT(refusal("sampler.last_time = 1e-4\n"), HasSubstr("less than the least time"));
}

TEST(DiffusionCheck, AConditionIsToldAtTimes) {
  EXPECT_EQ(refusal("model.conditional = true\nobjective.p_uncond = 0.99\n"), "");
  EXPECT_THAT(refusal("model.conditional = true\nobjective.p_uncond = 1\n"),
              HasSubstr("never learns one"));
}

TEST(DiffusionCheck, TheBoundIsOfEvenTimes) {
  const std::string vlb = "objective.process = 've'\nobjective.weighting = 'vlb'\n";
  EXPECT_EQ(refusal(vlb), "");
  EXPECT_THAT(refusal(vlb + "objective.time_sampling = 'log_normal'\n"),
              HasSubstr("evenly drawn times"));
}

}  // namespace
}  // namespace assay
