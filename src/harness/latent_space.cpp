// SPDX-License-Identifier: Apache-2.0
#include "harness/latent_space.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "data/png.h"
#include "families/objectives/posterior.h"
#include "harness/blocks.h"
#include "harness/pictures.h"
#include "metrics/codes/active_units.h"

namespace assay {
namespace {

using std::int64_t;

constexpr int64_t kColumns = 9, kMostDimensions = 16, kMostPairs = 8, kManifoldSide = 20;
constexpr int64_t kMostImages = 2000;
constexpr double kActive = 0.01;

Codes codes_of(GenerativeModel& model, const Batch& examples, torch::Device device) {
  const int64_t count = std::min(kMostImages, examples.images.size(0));
  const Batch first{examples.images.narrow(0, 0, count),
                    examples.labels.defined() ? examples.labels.narrow(0, 0, count) : at::Tensor()};
  const EvaluationProgress silent = [](std::string_view, int64_t, int64_t) {};
  std::vector<at::Tensor> logvars;
  const auto mu = in_blocks(first, device, silent, [&](const Batch& block) {
    const Codes codes = *model.encode(block);
    if (codes.logvar.defined()) logvars.push_back(codes.logvar.detach().to(at::kCPU));
    return codes.mu;
  });
  return {mu, logvars.empty() ? at::Tensor() : at::cat(logvars)};
}

std::vector<int64_t> most_varied(const at::Tensor& means) {
  const auto order = variance_of_means(means).argsort(/*stable=*/true, 0, /*descending=*/true);
  const int64_t count = std::min(kMostDimensions, order.size(0));
  std::vector<int64_t> dimensions;
  for (int64_t i = 0; i < count; ++i) dimensions.push_back(order[i].item<int64_t>());
  return dimensions;
}

// Decodes codes, each with its label, into images of a shape, and lays these out in rows.
class Painter {
 public:
  Painter(GenerativeModel& model, at::IntArrayRef shape) : model_(model), shape_(shape.vec()) {}

  Artifact picture(const std::string& kind, const at::Tensor& codes, const at::Tensor& labels,
                   int64_t columns) const {
    const int64_t block = rows_at_a_time(codes.size(0), shape_);
    std::vector<at::Tensor> images;
    for (int64_t i = 0; i < codes.size(0); i += block) {
      const auto of_block = labels.defined() ? labels.slice(0, i, i + block) : at::Tensor();
      images.push_back(
          to_pixels(model_.decode(codes.slice(0, i, i + block), of_block)->to(at::kCPU)));
    }
    return picture_artifact(kind, image_grid(at::cat(images), columns));
  }

 private:
  GenerativeModel& model_;
  std::vector<int64_t> shape_;
};

at::Tensor repeated_labels(const at::Tensor& labels, int64_t times) {
  return labels.defined() ? labels.repeat_interleave(times) : at::Tensor();
}

}  // namespace

CodeSpread spread_of(const Codes& codes) {
  auto variance = codes.mu.to(at::kDouble).var(0, /*unbiased=*/false);
  if (codes.logvar.defined()) variance = variance + codes.logvar.to(at::kDouble).exp().mean(0);
  return {codes.mu.to(at::kDouble).mean(0).to(at::kFloat), variance.sqrt().to(at::kFloat)};
}

at::Tensor traversal(const at::Tensor& code, const CodeSpread& spread,
                     const std::vector<int64_t>& dimensions, int64_t columns) {
  const auto steps = at::linspace(-2.0, 2.0, columns);
  const auto rows = static_cast<int64_t>(dimensions.size());
  auto codes = code.expand({rows, columns, code.size(0)}).clone();
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t j = dimensions[static_cast<std::size_t>(row)];
    codes.select(0, row).select(1, j).copy_(spread.centre[j] + steps * spread.sd[j]);
  }
  return codes.flatten(0, 1);
}

at::Tensor interpolation(const at::Tensor& from, const at::Tensor& to, int64_t columns) {
  const auto share = at::linspace(0.0, 1.0, columns).view({1, columns, 1});
  return at::lerp(from.unsqueeze(1).expand({-1, columns, -1}),
                  to.unsqueeze(1).expand({-1, columns, -1}), share)
      .flatten(0, 1);
}

at::Tensor manifold(const CodeSpread& spread, int64_t side) {
  TORCH_CHECK(spread.centre.size(0) == 2, "a manifold picture needs two dimensions, not ",
              spread.centre.size(0));
  const auto quantiles =
      at::special_ndtri((at::arange(side, at::kDouble) + 0.5) / static_cast<double>(side))
          .to(at::kFloat);
  const auto across = spread.centre[0] + spread.sd[0] * quantiles;
  const auto down = spread.centre[1] + spread.sd[1] * quantiles.flip(0);
  return at::stack({across.repeat({side}), down.repeat_interleave(side)}, 1);
}

std::string dimension_table(const Codes& codes) {
  const auto variances = variance_of_means(codes.mu);
  at::Tensor kl;
  if (codes.logvar.defined()) {
    kl = kl_per_dimension(codes.mu.to(at::kDouble), codes.logvar.to(at::kDouble)).mean(0);
  }
  std::string table = "dimension,kl_to_standard_normal_nats,variance_of_means,active\n";
  for (int64_t j = 0; j < variances.size(0); ++j) {
    const double variance = variances[j].item<double>();
    const auto nats = kl.defined() ? fmt::format("{:.6g}", kl[j].item<double>()) : std::string();
    table += fmt::format("{},{},{:.6g},{}\n", j, nats, variance, variance > kActive ? 1 : 0);
  }
  return table;
}

std::vector<Artifact> latent_artifacts(GenerativeModel& model, const Batch& examples,
                                       torch::Device device) {
  const at::Tensor& labels = examples.labels;
  const auto first = model.encode({to_model_range(examples.images.narrow(0, 0, 1)).to(device),
                                   labels.defined() ? labels.narrow(0, 0, 1) : at::Tensor()});
  if (!first) return {};
  const Codes codes = codes_of(model, examples, device);
  std::vector<Artifact> artifacts = {{"latent_dimensions", 0, "text/csv", dimension_table(codes)}};
  const auto label_of = [&](int64_t image) {
    return labels.defined() ? labels.narrow(0, image, 1) : at::Tensor();
  };
  if (!model.decode(codes.mu.narrow(0, 0, 1), label_of(0))) return artifacts;
  const Painter painter(model, examples.images.sizes().slice(1));
  const auto spread = spread_of(codes);
  const auto walk = traversal(codes.mu[0], spread, most_varied(codes.mu), kColumns);
  artifacts.push_back(
      painter.picture("traversals", walk, repeated_labels(label_of(0), walk.size(0)), kColumns));
  const int64_t pairs = std::min(kMostPairs, codes.mu.size(0) / 2);
  if (pairs > 0) {
    const auto from = codes.mu.slice(0, 0, 2 * pairs, 2), to = codes.mu.slice(0, 1, 2 * pairs, 2);
    const auto of_first = labels.defined() ? labels.slice(0, 0, 2 * pairs, 2) : at::Tensor();
    artifacts.push_back(painter.picture("interpolations", interpolation(from, to, kColumns),
                                        repeated_labels(of_first, kColumns), kColumns));
  }
  if (codes.mu.size(1) == 2) {
    const auto grid = manifold(spread, kManifoldSide);
    artifacts.push_back(painter.picture("manifold", grid,
                                        repeated_labels(label_of(0), grid.size(0)), kManifoldSide));
  }
  return artifacts;
}

}  // namespace assay
