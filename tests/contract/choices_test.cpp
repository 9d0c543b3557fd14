// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <map>
#include <string>
#include <vector>

#include "config/definition.h"
#include "config/validate.h"
#include "core/digest.h"
#include "families/registry.h"
#include "families/sampling.h"

namespace assay {
namespace {

/// Where the choices of a key can be told apart: settings that all of them go with.
struct Ground {
  std::string toml;
  std::vector<std::int64_t> shape = {1, 8, 8};
};

const std::string kMaps = "model.network = 'maps'\nmodel.channels = [8]\nmodel.groups = 4\n";
const std::string kPatchGan = "model.patch_gan_layers = 1\noptimizer.weight_decay = 0.1\n";
const std::string kMlp = "model.network = 'mlp'\nmodel.hidden_widths = [8]\n";

std::string family_settings(const std::string& family) {
  if (family == "vae" || family == "autoencoder")
    return "train.batch_size = 16\nmodel.latent_dim = 3\n";
  if (family == "vq_vae") return "model.codes = 8\nmodel.code_dim = 2\n";
  if (family == "gan")
    return "model.latent_dim = 3\nmodel.generator_channels = [8, 8]\n"
           "model.discriminator_channels = [8, 8]\n";
  if (family == "ddpm")
    return "model.base_channels = 8\nmodel.multipliers = [1, 2]\nmodel.heads = 1\n"
           "objective.timesteps = 40\nsampler.steps = 7\n";
  if (family == "diffusion")
    return "model.base_channels = 8\nmodel.multipliers = [1, 2]\nmodel.heads = 1\n"
           "sampler.steps = 7\n";
  return "";
}

Ground ground_of(const std::string& family, const std::string& key) {
  static const std::map<std::pair<std::string, std::string>, Ground> special = {
      {{"vae", "model.network"}, {"model.channels = [8]\n", {1, 32, 32}}},
      {{"autoencoder", "model.network"}, {"model.channels = [8]\n", {1, 32, 32}}},
      {{"vae", "model.attention"}, {kMaps}},
      {{"autoencoder", "model.attention"}, {kMaps}},
      {{"vae", "objective.patch_gan_adaptive"}, {kMlp + kPatchGan}},
      {{"vae", "optimizer.patch_gan_name"}, {kMlp + kPatchGan}},
      {{"vq_vae", "objective.patch_gan_adaptive"}, {kPatchGan}},
      {{"vq_vae", "optimizer.patch_gan_name"}, {kPatchGan}},
      // A point has no KL.
      {{"vae", "model.posterior"}, {kMlp + "objective.beta = 0\nobjective.mmd_weight = 1\n"}},
      {{"vae", "model.prior"}, {kMlp + "model.pseudo_inputs = 3\n"}},
      {{"autoencoder", "objective.sparsity"}, {kMlp + "model.code_activation = 'sigmoid'\n"}},
      {{"autoencoder", "objective.contraction"},
       {"model.network = 'mlp'\nmodel.hidden_widths = []\nmodel.code_activation = 'sigmoid'\n"}},
      {{"autoencoder", "sampler.codes"}, {kMlp + "sampler.components = 2\n"}},
      {{"vae", "optimizer.name"}, {kMlp + "optimizer.weight_decay = 0.1\n"}},
      // Epsilon says nothing of an image without signal.
      {{"ddpm", "objective.zero_terminal_snr"}, {"objective.prediction = 'v'\n"}},
      {{"diffusion", "objective.zero_terminal_snr"},
       {"objective.timesteps = 40\nobjective.prediction = 'v'\n"}},
      // While epsilon is next to nothing x̂_0 is the same at every step, whatever the order.
      {{"diffusion", "sampler.name"}, {"objective.prediction = 'x0'\n"}},
      {{"diffusion", "sampler.spacing"}, {"objective.prediction = 'x0'\n"}},
      {{"diffusion", "objective.process"}, {"objective.prediction = 'F'\n"}},
      {{"diffusion", "objective.time_sampling"},
       {"objective.process = 'edm'\nobjective.prediction = 'F'\n"}},
      {{"diffusion", "model.time_features"},
       {"objective.process = 've'\nobjective.prediction = 'score'\n"}},
      {{"diffusion", "objective.coupling"},
       {"objective.process = 'ot'\nobjective.prediction = 'velocity'\nobjective.path_sd = 0.3\n"
        "sampler.name = 'euler'\nsampler.spacing = 'trailing'\n"}},
      {{"diffusion", "objective.source"},
       {"model.network = 'mlp'\nobjective.process = 'ot'\nobjective.prediction = 'velocity'\n"
        "sampler.name = 'euler'\nsampler.spacing = 'trailing'\n",
        {2}}},
      {{"diffusion", "sampler.denoiser"}, {"model.network = 'mlp'\n", {2}}},
      {{"diffusion", "objective.learned_variance"},
       {"objective.timesteps = 40\nsampler.name = 'ancestral'\n"}},
      {{"ddpm", "model.up_attention"}, {"model.attention_resolutions = [4]\n"}},
      {{"diffusion", "model.up_attention"}, {"model.attention_resolutions = [4]\n"}},
      {{"gan", "model.spectral_norm"}, {"model.discriminator_norm = 'none'\n"}},
      // Without a bound on its slope a critic is refused.
      {{"gan", "objective.loss"}, {"objective.weight_clip = 0.1\n"}},
      // With a probability of 0 nothing is done.
      {{"gan", "objective.ada_pipeline"}, {"objective.ada_initial = 0.7\n"}},
      // A penalty that is never due has no step of its own.
      {{"gan", "objective.penalty_step"},
       {"model.discriminator_norm = 'none'\nobjective.r1 = 1\n"}},
      // A slope is of a penalty.
      {{"gan", "objective.slope_of"},
       {"model.discriminator_norm = 'none'\nobjective.gradient_penalty = 10\n"}},
      {{"gan", "optimizer.generator_name"}, {"optimizer.weight_decay = 0.1\n"}},
      {{"gan", "optimizer.discriminator_name"}, {"optimizer.weight_decay = 0.1\n"}},
  };
  const auto found = special.find({family, key});
  if (found != special.end()) return found->second;
  return {family == "vae" || family == "autoencoder" ? kMlp : std::string()};
}

/// Settings of a choice that the others' ground does not carry, and which other one is there too.
struct Apart {
  std::string toml, beside;
};

const Apart* ground_apart(const std::string& family, const std::string& line) {
  static const std::map<std::pair<std::string, std::string>, Apart> all = {
      // Of a grid.
      {{"diffusion", "objective.schedule = 'scaled_linear'"},
       {"objective.timesteps = 100\n", "'linear'"}},
      // Of so few timesteps that each is seen often enough.
      {{"diffusion", "objective.time_sampling = 'loss_second_moment'"},
       {"objective.timesteps = 2\nobjective.schedule = 'cosine'\nsampler.steps = 2\n",
        "'uniform'"}},
      // Of paths that begin with nothing but noise.
      {{"diffusion", "sampler.spacing = 'edm'"},
       {"objective.process = 'ot'\nobjective.prediction = 'x0'\nsampler.steps = 7\n",
        "'trailing'"}}};
  const auto found = all.find({family, line});
  return found == all.end() ? nullptr : &found->second;
}

Schema whole_schema(const std::string& family) {
  Schema all = common_schema();
  for (const auto& key : family_schema(family).schema) all.push_back(key);
  return all;
}

/// Lines that switch a key on.
std::string fulfilled(const Key& key, const Schema& schema, const std::string& given) {
  std::string lines;
  for (const Need& need : key.needs) {
    if (given.find(need.path + " =") != std::string::npos) continue;
    const Key& other = *find_key(schema, need.path);
    std::vector<std::string> values = need.values.empty() ? other.choices : need.values;
    const bool is_text = std::holds_alternative<std::string>(other.default_value);
    std::erase_if(values, [&](const auto& value) {
      return (is_text ? to_toml(Value(value)) : value) == to_toml(other.default_value);
    });
    const bool by_default = !need.values.empty() && values.size() < need.values.size();
    if (by_default) continue;
    const bool whole = std::holds_alternative<std::int64_t>(other.default_value);
    const std::string on = std::holds_alternative<bool>(other.default_value) ? "true"
                           : whole                                           ? "2"
                                                                             : "0.5";
    lines += need.path + " = " + (values.empty() ? on : "'" + values.front() + "'") + "\n";
    lines += fulfilled(other, schema, given + lines);
  }
  return lines;
}

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

std::string bytes_of(const torch::Tensor& tensor) {
  const auto flat = tensor.detach().contiguous();
  return c10::str(flat.sizes()) +
         std::string(static_cast<const char*>(flat.const_data_ptr()), flat.nbytes());
}

/// A digest of the first losses, of the state after them, and of samples.
std::string fingerprint(const std::string& toml, const std::vector<std::int64_t>& shape) {
  const auto definition = resolve_text(toml, "choice.toml", family_schema, {});
  auto sizes = shape;
  sizes.insert(sizes.begin(), 16);
  const auto k = torch::arange(16);
  const Batch batch{.images = torch::rand(sizes, seeded(3)) * 2 - 1,
                    .labels = k.remainder(4),
                    .factors = torch::stack({k.remainder(2), k.remainder(3)}, 1)};
  torch::manual_seed(1);
  const auto model = family(definition.family)
                         .make({.definition = definition,
                                .example_shape = shape,
                                .classes = 4,
                                .training_images = to_pixels(batch.images),
                                .factor_sizes = {2, 3}});
  Sha256 digest;
  const auto noise = seeded(2);
  for (std::int64_t step = 0; step < 4; ++step) {
    const StepContext context{step, 8, 16 * step, static_cast<double>(step), noise};
    for (const auto& term : model->training_step(batch, context)) {
      digest.update(term.name).update(bytes_of(term.value));
    }
  }
  struct Digester : StateVisitor {
    explicit Digester(Sha256& of) : digest(of) {}
    void tensor(const std::string& name, torch::Tensor& value, StateKind) override {
      digest.update(name).update(bytes_of(value));
    }
    Sha256& digest;
  } digester(digest);
  model->visit_state(digester);
  if (auto* generative = dynamic_cast<GenerativeModel*>(model.get())) {
    digest.update(bytes_of(samples_as_one(*generative, {.count = 4, .generator = seeded(5)})));
  }
  return digest.hex();
}

std::vector<std::string> choices_of(const Key& key) {
  if (std::holds_alternative<bool>(key.default_value)) return {"false", "true"};
  std::vector<std::string> quoted;
  for (const auto& choice : key.choices) {
    // Stands for what another key names.
    if (choice != "common") quoted.push_back("'" + choice + "'");
  }
  return quoted;
}

void expect_choices_differ(const std::string& family, const Key& key) {
  const Schema schema = whole_schema(family);
  const Ground ground = ground_of(family, key.path);
  const std::string all = family_settings(family) + ground.toml;
  const std::string base = "family = '" + family + "'\n" + all + fulfilled(key, schema, all);
  std::map<std::string, std::string> seen;
  for (const auto& choice : choices_of(key)) {
    if (all.find(key.path + " =") != std::string::npos) continue;
    if (const Apart* apart = ground_apart(family, key.path + " = " + choice)) {
      const auto line = "\n" + key.path + " = ";
      std::string settings = family_settings(family);
      settings.erase(settings.find("sampler.steps"));
      settings = "family = '" + family + "'\n" + settings + apart->toml;
      EXPECT_NE(fingerprint(settings + line + choice, ground.shape),
                fingerprint(settings + line + apart->beside, ground.shape));
      continue;
    }
    const auto text = base + key.path + " = " + choice + "\n";
    SCOPED_TRACE(text);
    std::string found;
    ASSERT_NO_THROW(found = fingerprint(text, ground.shape));
    const auto [other, is_new] = seen.emplace(found, choice);
    EXPECT_TRUE(is_new) << family << ": " << key.path << " = " << choice << " does what "
                        << other->second << " does";
  }
}

TEST(Choices, EachOfAFamilysDoesSomething) {
  at::set_num_threads(1);
  for (const auto& entry : families()) {
    for (const Key& key : entry.schema()) expect_choices_differ(std::string(entry.name), key);
  }
}

TEST(Choices, EachOfAnOptimizersDoesSomething) {
  at::set_num_threads(1);
  for (const Key& key : common_schema()) {
    if (key.path.starts_with("optimizer.")) expect_choices_differ("vae", key);
  }
}

}  // namespace
}  // namespace assay
