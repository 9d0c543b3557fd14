// SPDX-License-Identifier: Apache-2.0
#include "harness/state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>

#include "core/digest.h"
#include "core/error.h"

namespace assay {
namespace {

using Visit = std::function<void(const std::string&, torch::Tensor&, StateKind)>;

class CallingVisitor : public StateVisitor {
 public:
  explicit CallingVisitor(Visit visit) : visit_(std::move(visit)) {}
  void tensor(const std::string& name, torch::Tensor& value, StateKind kind) override {
    visit_(name, value, kind);
  }

 private:
  Visit visit_;
};

void walk(Trainable& model, Visit visit) {
  CallingVisitor visitor(std::move(visit));
  model.visit_state(visitor);
}

std::string describe(const at::Tensor& tensor) {
  return fmt::format("{} [{}]", tensor.dtype().name(), fmt::join(tensor.sizes(), ","));
}

void add_tensor(Sha256& digest, const std::string& name, const at::Tensor& value) {
  const at::Tensor bytes = value.detach().to(torch::kCPU).contiguous();
  digest.update(fmt::format("{} {}\n", name, describe(bytes)));
  digest.update(std::string_view(static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes()));
}

}  // namespace

TensorMap state_tensors(Trainable& model) {
  TensorMap tensors;
  walk(model, [&](const std::string& name, torch::Tensor& value, StateKind) {
    TORCH_CHECK(tensors.emplace(name, value).second, "state name '", name, "' is visited twice");
  });
  return tensors;
}

void restore_state(Trainable& model, const TensorMap& tensors, const std::string& label) {
  TensorMap state = state_tensors(model);
  for (const auto& [name, value] : state) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      throw Error(fmt::format("{}: lacks '{}' of this model", label, name), ExitCode::kDamaged);
    }
    const at::Tensor& stored = found->second;
    if (stored.sizes() != value.sizes() || stored.dtype() != value.dtype()) {
      throw Error(fmt::format("{}: '{}' is {}, the model has {}", label, name, describe(stored),
                              describe(value)),
                  ExitCode::kDamaged);
    }
  }
  for (const auto& [name, stored] : tensors) {
    if (!state.contains(name)) {
      throw Error(fmt::format("{}: holds '{}', which this model lacks", label, name),
                  ExitCode::kDamaged);
    }
  }
  const torch::NoGradGuard no_grad;
  for (auto& [name, value] : state) value.copy_(tensors.at(name));
}

void move_state(Trainable& model, torch::Device device) {
  const torch::NoGradGuard no_grad;
  walk(model, [&](const std::string&, torch::Tensor& value, StateKind) {
    if (value.device() != device) value.set_data(value.to(device));
  });
}

std::int64_t parameter_count(Trainable& model) {
  std::int64_t count = 0;
  walk(model, [&](const std::string&, torch::Tensor& value, StateKind kind) {
    if (kind == StateKind::kParameter) count += value.numel();
  });
  return count;
}

std::optional<std::string> first_non_finite(Trainable& model) {
  std::optional<std::string> first;
  walk(model, [&](const std::string& name, torch::Tensor& value, StateKind) {
    if (first || !value.is_floating_point()) return;
    if (!value.detach().isfinite().all().item<bool>()) first = name;
  });
  return first;
}

std::string state_hash(Trainable& model) {
  Sha256 digest;
  for (const auto& [name, value] : state_tensors(model)) add_tensor(digest, name, value);
  return digest.hex();
}

std::string tensor_hashes(Trainable& model) {
  constexpr std::size_t kDigits = 12;
  std::string csv = "tensor,sha256\n";
  for (const auto& [name, value] : state_tensors(model)) {
    Sha256 digest;
    add_tensor(digest, name, value);
    csv += fmt::format("{},{}\n", name, digest.hex().substr(0, kDigits));
  }
  return csv;
}

}  // namespace assay
