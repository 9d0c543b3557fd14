// SPDX-License-Identifier: Apache-2.0
#include "harness/checkpoint.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "harness/state.h"

namespace assay {
namespace {

constexpr int kFormat = 1;
const std::string kModelPrefix = "model/";
const std::string kNoise = "stream/train_noise";
const std::string kGlobal = "stream/global";

nlohmann::json describe(const RunPosition& position, const LossLog& losses) {
  std::vector<std::string> names;
  std::vector<std::int64_t> counts;
  for (const auto& sum : losses.sums()) {
    names.push_back(sum.name);
    counts.push_back(sum.count);
  }
  nlohmann::json json = {{"format", kFormat},
                         {"definition_id", position.definition_id},
                         {"training_id", position.training_id},
                         {"seed", position.seed},
                         {"step", position.step},
                         {"images_seen", position.images_seen},
                         {"training_rates", position.training_speed.rates},
                         {"training_span", position.training_speed.span},
                         {"failing", position.failing},
                         {"loss_names", names},
                         {"loss_counts", counts}};
  const double seconds = position.training_speed.seconds;
  if (!std::isnan(seconds)) json["training_seconds"] = seconds;
  return json;
}

torch::Generator global_generator() { return at::globalContext().defaultGenerator(torch::kCPU); }

torch::Tensor sums_tensor(const LossLog& losses) {
  std::vector<double> values;
  for (const auto& sum : losses.sums()) values.push_back(sum.sum);
  return torch::tensor(values, torch::kFloat64);
}

std::vector<LossLog::Sum> stored_sums(const nlohmann::json& json, const torch::Tensor& sums) {
  const std::vector<std::string> names = json.at("loss_names");
  const std::vector<std::int64_t> counts = json.at("loss_counts");
  TORCH_CHECK(sums.scalar_type() == torch::kFloat64 && sums.dim() == 1 &&
                  sums.size(0) == static_cast<std::int64_t>(names.size()) &&
                  counts.size() == names.size(),
              "it names ", names.size(), " open losses and holds ", sums.toString(), sums.sizes());
  std::vector<LossLog::Sum> restored;
  for (std::size_t i = 0; i < names.size(); ++i) {
    restored.push_back({names[i], sums[static_cast<std::int64_t>(i)].item<double>(), counts.at(i)});
  }
  return restored;
}

TensorMap model_part(const TensorFile& file) {
  TensorMap model;
  for (const auto& [name, value] : file.tensors) {
    if (name.starts_with(kModelPrefix)) model[name.substr(kModelPrefix.size())] = value;
  }
  return model;
}

nlohmann::json read_position(const TensorFile& checkpoint, const std::string& label) {
  const auto text = checkpoint.metadata.find("assay_run");
  const auto json = text == checkpoint.metadata.end()
                        ? nlohmann::json()
                        : nlohmann::json::parse(text->second, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("format", nlohmann::json()) != kFormat) {
    throw Error(fmt::format("{}: is no checkpoint of this version of assay", label),
                ExitCode::kDamaged);
  }
  return json;
}

// An older assay wrote no seconds: they stay unknown.
SpeedIntervals training_speed_in(const nlohmann::json& json) {
  return {
      json.at("training_rates"), json.value("training_span", std::int64_t{1}),
      json.contains("training_seconds") ? json.at("training_seconds").get<double>() : std::nan("")};
}

const torch::Tensor& part(const TensorFile& checkpoint, const std::string& name) {
  const auto found = checkpoint.tensors.find(name);
  if (found != checkpoint.tensors.end()) return found->second;
  throw std::out_of_range(fmt::format("lacks '{}'", name));
}

// Whatever the fields of a file turn out not to be is damage to it.
template <class Read>
auto undamaged(const std::string& label, const Read& read) {
  const auto damaged = [&](std::string_view why) {
    return Error(fmt::format("{}: is damaged: {}", label, why), ExitCode::kDamaged);
  };
  try {
    return read();
  } catch (const c10::Error& problem) {
    throw damaged(problem.what_without_backtrace());
  } catch (const nlohmann::json::exception& problem) {
    throw damaged(problem.what());
  } catch (const std::out_of_range& problem) {
    throw damaged(problem.what());
  }
}

// A copy of what a generator's stored state would make of it.
torch::Generator with_state(const torch::Generator& generator, const torch::Tensor& state) {
  auto copy = generator.clone();
  copy.set_state(state);
  return copy;
}

}  // namespace

CheckpointSaved save_checkpoint(const std::filesystem::path& folder, const RunPosition& position,
                                Trainable& model, const torch::Generator& noise,
                                const LossLog& losses) {
  TensorMap tensors;
  for (const auto& [name, value] : state_tensors(model)) {
    tensors[kModelPrefix + name] = value.detach().to(torch::kCPU).contiguous();
  }
  tensors[kNoise] = noise.get_state();
  tensors[kGlobal] = global_generator().get_state();
  tensors["losses"] = sums_tensor(losses);
  const auto file = folder / fmt::format("{:012}.safetensors", position.images_seen);
  const std::string digest =
      save_safetensors(file, tensors, {{"assay_run", describe(position, losses).dump()}});
  return {position.images_seen, file, digest};
}

RunPosition load_checkpoint(const std::filesystem::path& file, const RunPosition& expected,
                            Trainable& model, torch::Generator& noise, LossLog& losses) {
  const std::string label = file.string();
  const TensorFile checkpoint = load_safetensors(file);
  const nlohmann::json json = read_position(checkpoint, label);
  const auto position = undamaged(label, [&] {
    return RunPosition{json.at("definition_id"),
                       json.value("training_id", ""),
                       json.at("seed"),
                       json.at("step"),
                       json.at("images_seen"),
                       training_speed_in(json),
                       json.value("failing", std::vector<std::string>())};
  });
  // Those of an older assay know the definition's id alone.
  const bool same_training = position.training_id.empty()
                                 ? position.definition_id == expected.definition_id
                                 : position.training_id == expected.training_id;
  if (!same_training || position.seed != expected.seed) {
    throw Error(fmt::format("{}: belongs to another experiment or seed", label),
                ExitCode::kDamaged);
  }
  const auto noise_state = undamaged(label, [&] { return part(checkpoint, kNoise); });
  if (noise_state.sizes() != noise.get_state().sizes()) {
    throw Error(
        fmt::format("{}: was saved on another kind of device than this {}, whose random "
                    "draws are others; resume the run where it was begun",
                    label, noise.device().is_cuda() ? "GPU" : "CPU"));
  }
  // All is read before anything is changed.
  const auto streams = undamaged(label, [&] {
    return std::pair{with_state(noise, noise_state),
                     with_state(global_generator(), part(checkpoint, kGlobal))};
  });
  auto sums = undamaged(label, [&] { return stored_sums(json, part(checkpoint, "losses")); });
  restore_state(model, model_part(checkpoint), label);
  noise.set_state(streams.first.get_state());
  global_generator().set_state(streams.second.get_state());
  losses.restore(std::move(sums));
  return position;
}

TensorMap checkpoint_state(const std::filesystem::path& file) {
  return model_part(load_safetensors(file));
}

void load_weights(const std::filesystem::path& file, Trainable& model) {
  restore_state(model, checkpoint_state(file), file.string());
}

}  // namespace assay
