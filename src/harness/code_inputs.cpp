// SPDX-License-Identifier: Apache-2.0
#include "harness/code_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/random.h"
#include "families/objectives/corruption.h"
#include "harness/environment.h"
#include "metrics/codes/code_rate.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

constexpr double kWidestStep = 4.0;  // in deviations of the codes
constexpr int kMostSteps = 40;

Batch first_of(const Batch& examples, std::int64_t most) {
  const std::int64_t count = std::min(most, examples.images.size(0));
  return {examples.images.narrow(0, 0, count),
          examples.labels.defined() ? examples.labels.narrow(0, 0, count) : at::Tensor()};
}

[[noreturn]] void refuse(const CodeSource& source, std::string_view what, std::string_view metric) {
  throw Error(fmt::format("family '{}' {}; drop {} from eval.metrics", source.definition.family,
                          what, metric));
}

at::Tensor codes_of(const CodeSource& source, const Batch& examples, std::string_view metric) {
  return in_blocks(examples, source.device, source.progress, [&](const Batch& batch) {
    const auto codes = source.model.encode(batch);
    if (!codes) refuse(source, "has no encoder", metric);
    return codes->mu;
  });
}

// Of images [N,C,H,W] u8, decoded from codes [N,Z].
double decoding_error(const CodeSource& source, const Batch& examples, const at::Tensor& codes) {
  std::int64_t begin = 0;
  const auto errors = in_blocks(examples, source.device, source.progress, [&](const Batch& batch) {
    const std::int64_t size = batch.images.size(0);
    const auto decoded = source.model.decode(codes.narrow(0, begin, size), batch.labels);
    if (!decoded) refuse(source, "decodes no codes", "code_rate");
    begin += size;
    const auto difference = 0.5 * (decoded->to(batch.images.device()) - batch.images);
    return difference.flatten(1).to(torch::kFloat64).square().mean(1);
  });
  return errors.mean().item<double>();
}

}  // namespace

void draw_jacobian_norms(const CodeSource& source, MetricInputs& inputs) {
  const auto examples = first_of(source.examples, whole_option(inputs, "jacobian_norm.images"));
  inputs.codes.jacobian_norms =
      in_blocks(examples, source.device, source.progress, [&](const Batch& batch) {
        const auto norms = source.model.jacobian_norms(batch);
        if (!norms) refuse(source, "has no encoder that can be differentiated", "jacobian_norm");
        return *norms;
      });
}

void draw_noisy_reconstructions(const CodeSource& source, MetricInputs& inputs) {
  inputs.images.originals = source.examples.images;
  const auto generator = make_generator(torch::kCPU, 0, "eval_corruption");
  const Corruption corrupted = kCorruptions.of(source.definition, "eval.noise");
  const double level = source.definition.number("eval.noise_level");
  inputs.images.noisy_reconstructions =
      in_blocks(source.examples, source.device, source.progress, [&](const Batch& batch) {
        const auto seen = corrupted(batch.images.to(torch::kCPU), level, generator);
        const auto reconstructed =
            source.model.reconstruct({seen.to(batch.images.device()), batch.labels});
        if (!reconstructed) refuse(source, "reconstructs nothing", "noise_psnr");
        return to_pixels(*reconstructed);
      });
}

void draw_probe(const CodeSource& source, MetricInputs& inputs) {
  const DataSplit& train = source.train;
  if (!train.labels.defined()) {
    throw Error("the data set has no labels; drop linear_probe_error from eval.metrics");
  }
  const auto most = std::min(whole_option(inputs, "linear_probe_error.examples"), train.size());
  const auto rows = torch::tensor(RandomStream(stream_seed(0, "probe")).choice(train.size(), most));
  const Batch examples{train.images.index_select(0, rows), train.labels.index_select(0, rows)};
  inputs.codes.training = codes_of(source, examples, "linear_probe_error");
  inputs.labels.training = examples.labels;
}

void draw_distortions(const CodeSource& source, MetricInputs& inputs) {
  const auto examples = first_of(source.examples, whole_option(inputs, "code_rate.images"));
  const auto codes = inputs.codes.means.narrow(0, 0, examples.images.size(0));
  const auto variance = inputs.codes.means.to(torch::kFloat64).var(0, /*unbiased=*/false).mean();
  const double deviation = std::sqrt(variance.item<double>());
  std::vector<double> rows = {0.0, decoding_error(source, examples, codes)};
  const double most = (1.0 + option(inputs, "code_rate.tolerance")) * rows[1];
  // Codes that are all alike bear any step.
  double step = deviation > 0.0 ? kWidestStep * deviation : 1.0;
  for (int i = 0; i < kMostSteps; ++i, step /= 2.0) {
    const auto quantised = (quantiser_indices(codes, step) * step).to(codes.scalar_type());
    const double error = decoding_error(source, examples, quantised);
    rows.insert(rows.end(), {step, error});
    if (!(error <= most)) continue;
    inputs.codes.distortions = torch::tensor(rows, torch::kFloat64).view({-1, 2});
    return;
  }
  throw Error(
      fmt::format("code_rate: codes quantised as finely as {:.3g} still raise the squared "
                  "error of {:.3g} by more than code_rate.tolerance; raise it",
                  2.0 * step, rows[1]));
}

void check_noise(const Definition& definition) {
  const double level = definition.number("eval.noise_level");
  if (definition.text("eval.noise") == "gaussian" || level <= 1.0) return;
  throw Error(
      fmt::format("eval.noise_level = {} is the share of values that '{}' overwrites; it "
                  "must lie in 0 to 1",
                  level, definition.text("eval.noise")));
}

void add_code_protocol(const Definition& definition, Parts needs, Protocol& protocol) {
  if (!needs.has(Part::kNoisyReconstructions)) return;
  protocol["noise"] = fmt::format("{}, fixed seed", definition.text("eval.noise"));
  protocol["noise_level"] = fmt::format("{}", definition.number("eval.noise_level"));
}

}  // namespace assay
