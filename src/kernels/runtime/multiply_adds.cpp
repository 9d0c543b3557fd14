// SPDX-License-Identifier: Apache-2.0
#include "kernels/runtime/multiply_adds.h"

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <array>
#include <atomic>
#include <string_view>

namespace assay {
namespace {

using std::int64_t;
using Inputs = c10::ArrayRef<const c10::IValue>;

// What autograd hands on from the thread that asked for gradients to those that compute them.
constexpr auto kKind = c10::DebugInfoKind::PRODUCER_INFO;

struct Tally : c10::DebugInfoBase {
  std::atomic<int64_t> count = 0;
  std::atomic<int64_t> uncounted = 0;  // scopes
};

Tally* current_tally() { return dynamic_cast<Tally*>(c10::ThreadLocalDebugInfo::get(kKind)); }

const at::Tensor& tensor(Inputs inputs, std::size_t i) { return inputs.at(i).toTensor(); }

// [...,n,a]·[...,a] or [...,n,a]·[...,a,b], from the i-th input on.
int64_t of_product(Inputs inputs, std::size_t i) {
  const auto &a = tensor(inputs, i), &b = tensor(inputs, i + 1);
  return a.numel() * (b.dim() < 2 ? 1 : b.size(-1));
}

int64_t pixels_of(const at::Tensor& images) {
  return images.numel() == 0 ? 0 : images.numel() / images.size(1);
}

// (x, weight, bias, stride, padding, dilation, transposed, …)
int64_t of_convolution(Inputs inputs) {
  const auto &x = tensor(inputs, 0), &weight = tensor(inputs, 1);
  if (inputs.at(6).toBool()) return pixels_of(x) * weight.numel();
  const auto stride = inputs.at(3).toIntVector(), padding = inputs.at(4).toIntVector(),
             dilation = inputs.at(5).toIntVector();
  const auto at_axis = [](const std::vector<int64_t>& all, std::size_t axis) {
    return all.size() == 1 ? all.front() : all.at(axis);
  };
  int64_t pixels = x.size(0);
  for (int64_t d = 2; d < x.dim(); ++d) {
    const auto axis = static_cast<std::size_t>(d - 2);
    const int64_t reach = at_axis(dilation, axis) * (weight.size(d) - 1) + 1;
    pixels *= (x.size(d) + 2 * at_axis(padding, axis) - reach) / at_axis(stride, axis) + 1;
  }
  return pixels * weight.numel();
}

// (gradient of y, x, weight, bias sizes, stride, padding, dilation, transposed, output padding,
// groups, which gradients)
int64_t of_convolution_gradients(Inputs inputs) {
  const auto &y = tensor(inputs, 0), &x = tensor(inputs, 1), &weight = tensor(inputs, 2);
  const auto wanted = inputs.at(10).toBoolList();
  const int64_t one = pixels_of(inputs.at(7).toBool() ? x : y) * weight.numel();
  return one * ((wanted.get(0) ? 1 : 0) + (wanted.get(1) ? 1 : 0));
}

// query [N,heads,n,d], key [N,heads,m,d], value [N,heads,m,e] from the i-th input on.
int64_t of_attention(Inputs inputs, std::size_t i) {
  const auto &query = tensor(inputs, i), &key = tensor(inputs, i + 1);
  const int64_t scores = query.numel() / query.size(-1) * key.size(-2);
  return scores * (query.size(-1) + tensor(inputs, i + 2).size(-1));
}

struct Operator {
  std::string_view name;
  int64_t (*count)(Inputs);
};

int64_t from_first(Inputs inputs) { return of_product(inputs, 0); }
int64_t from_second(Inputs inputs) { return of_product(inputs, 1); }
int64_t attention(Inputs inputs) { return of_attention(inputs, 0); }
int64_t attention_gradients(Inputs inputs) { return 2 * of_attention(inputs, 1); }

// What all products, convolutions and attentions of LibTorch come down to, whoever calls them.
constexpr std::array kOperators{
    Operator{"aten::mm", from_first},
    Operator{"aten::bmm", from_first},
    Operator{"aten::mv", from_first},
    Operator{"aten::dot", from_first},
    Operator{"aten::addmm", from_second},
    Operator{"aten::addmm_", from_second},
    Operator{"aten::_addmm_activation", from_second},
    Operator{"aten::addbmm", from_second},
    Operator{"aten::addbmm_", from_second},
    Operator{"aten::baddbmm", from_second},
    Operator{"aten::baddbmm_", from_second},
    Operator{"aten::addmv", from_second},
    Operator{"aten::addmv_", from_second},
    Operator{"aten::convolution", of_convolution},
    Operator{"aten::convolution_backward", of_convolution_gradients},
    Operator{"aten::_scaled_dot_product_flash_attention_for_cpu", attention},
    Operator{"aten::_scaled_dot_product_flash_attention_for_cpu_backward", attention_gradients},
    Operator{"aten::_scaled_dot_product_flash_attention", attention},
    Operator{"aten::_scaled_dot_product_flash_attention_backward", attention_gradients},
    Operator{"aten::_scaled_dot_product_efficient_attention", attention},
    Operator{"aten::_scaled_dot_product_efficient_attention_backward", attention_gradients},
    Operator{"aten::_scaled_dot_product_cudnn_attention", attention},
    Operator{"aten::_scaled_dot_product_cudnn_attention_backward", attention_gradients}};

// Counted operators that this thread is inside of.
thread_local int depth = 0;

struct Inside : at::ObserverContext {
  Inside() { ++depth; }
  ~Inside() override { --depth; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
};

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& call) {
  for (const Operator& known : kOperators) {
    if (known.name != call.name()) continue;
    if (depth == 0) count_multiply_adds(known.count(call.inputs()));
    return std::make_unique<Inside>();
  }
  return nullptr;
}

}  // namespace

struct MultiplyAddCounter::Guard {
  std::shared_ptr<Tally> tally = std::make_shared<Tally>();
  c10::DebugInfoGuard info{kKind, tally};
  at::CallbackHandle handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(&begin).needsInputs(true).scopes({at::RecordScope::FUNCTION}));

  Guard() = default;
  ~Guard() { at::removeCallback(handle); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
};

MultiplyAddCounter::MultiplyAddCounter() {
  TORCH_CHECK(current_tally() == nullptr, "multiply-adds are being counted already");
  guard_ = std::make_unique<Guard>();
}

MultiplyAddCounter::~MultiplyAddCounter() = default;

int64_t MultiplyAddCounter::count() const { return guard_->tally->count; }

MultiplyAddsUncounted::MultiplyAddsUncounted() {
  if (Tally* tally = current_tally()) ++tally->uncounted;
}

MultiplyAddsUncounted::~MultiplyAddsUncounted() {
  if (Tally* tally = current_tally()) --tally->uncounted;
}

void count_multiply_adds(int64_t count) {
  Tally* tally = current_tally();
  if (tally != nullptr && tally->uncounted == 0) tally->count += count;
}

}  // namespace assay
