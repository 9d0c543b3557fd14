// SPDX-License-Identifier: Apache-2.0
#include "nn/files/torch_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <optional>

#include "core/error.h"
#include "core/zip.h"
#include "nn/files/pickle.h"

namespace assay {
namespace {

using Kind = PickleNode::Kind;

constexpr std::string_view kOrderedDict = "collections OrderedDict";
constexpr std::string_view kRebuildTensor = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view kFloatStorage = "torch FloatStorage";
constexpr std::string_view kLongStorage = "torch LongStorage";
constexpr std::array kAllowed{kOrderedDict, kRebuildTensor, kFloatStorage, kLongStorage};

constexpr std::string_view kZipStart{"PK\x03\x04", 4};
// A pickle of the 80-bit number 0x1950a86a20f9469cfc6c: too long for read_pickle, so compared.
constexpr std::string_view kLegacyMagic{"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20j\xa8P\x19.", 15};
constexpr std::int64_t kLegacyProtocol = 1001;
constexpr std::size_t kMaxDimensions = 8;

[[noreturn]] void fail(const std::string& label, const std::string& why) {
  throw Error(fmt::format("{}: not a whole file of weights: {}; download it again", label, why));
}

struct StorageName {
  std::string key;
  at::ScalarType type = at::kFloat;
  std::int64_t count = 0;
};

// Turns the tree of a state dict's pickle into tensors. `elements` gives a storage [count].
class StateDict {
 public:
  StateDict(const std::string& label, std::function<at::Tensor(const StorageName&)> elements)
      : label_(label), elements_(std::move(elements)) {}

  TensorMap tensors(const PickleNode& root) {
    TensorMap map;
    for (const auto& [key, value] : entries(root)) {
      if (key->kind != Kind::kText) fail(label_, "a tensor has no name");
      map[key->text] = tensor(*value);
    }
    return map;
  }

 private:
  const std::vector<PickleNode::Entry>& entries(const PickleNode& node) const {
    const bool ordered = node.kind == Kind::kCall && node.text == kOrderedDict;
    if (!ordered && node.kind != Kind::kDict) fail(label_, "it holds no state dict");
    return node.entries;
  }

  std::int64_t integer(const PickleNode& node) const {
    if (node.kind != Kind::kInteger || node.integer < 0) fail(label_, "a shape is not of numbers");
    return node.integer;
  }

  std::vector<std::int64_t> integers(const PickleNode& node) const {
    if (node.kind != Kind::kTuple || node.items.size() > kMaxDimensions) {
      fail(label_, "a shape is no tuple, or too long");
    }
    std::vector<std::int64_t> numbers;
    for (const auto* item : node.items) numbers.push_back(integer(*item));
    return numbers;
  }

  // ('storage', type, key, device, count) and, in the legacy format, a view that must be None.
  StorageName storage(const PickleNode& node) const {
    const auto& items = node.items;
    const bool fits = node.kind == Kind::kPersistent && (items.size() == 5 || items.size() == 6) &&
                      items[0]->text == "storage" && items[1]->kind == Kind::kGlobal &&
                      items[2]->kind == Kind::kText &&
                      (items.size() == 5 || items[5]->kind == Kind::kNone);
    const bool floats = fits && items[1]->text == kFloatStorage;
    if (!fits || (!floats && items[1]->text != kLongStorage)) {
      fail(label_, "a tensor has no storage of f32 or i64");
    }
    return {items[2]->text, floats ? at::kFloat : at::kLong, integer(*items[4])};
  }

  // _rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks).
  at::Tensor tensor(const PickleNode& node) {
    if (node.kind != Kind::kCall || node.text != kRebuildTensor || node.items.size() < 4) {
      fail(label_, "it holds something else than tensors");
    }
    const auto name = storage(*node.items[0]);
    const auto offset = integer(*node.items[1]);
    const auto sizes = integers(*node.items[2]);
    const auto strides = integers(*node.items[3]);
    if (sizes.size() != strides.size() || !inside(name.count, offset, sizes, strides)) {
      fail(label_, fmt::format("a tensor reaches out of storage '{}'", name.key));
    }
    auto found = storages_.find(name.key);
    if (found == storages_.end()) found = storages_.emplace(name.key, elements_(name)).first;
    if (found->second.scalar_type() != name.type || found->second.numel() != name.count) {
      fail(label_, fmt::format("storage '{}' has two types or lengths", name.key));
    }
    return found->second.as_strided(sizes, strides, offset).clone(at::MemoryFormat::Contiguous);
  }

  // Whether all elements lie in the storage, and are no more than it has (as strides of 0 could).
  static bool inside(std::int64_t count, std::int64_t offset,
                     const std::vector<std::int64_t>& sizes,
                     const std::vector<std::int64_t>& strides) {
    std::int64_t last = offset;
    std::int64_t elements = 1;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] == 0) return offset <= count;
      if (sizes[i] > count || strides[i] > count) return false;
      std::int64_t reach = 0;
      if (__builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) ||
          __builtin_add_overflow(last, reach, &last) ||
          __builtin_mul_overflow(elements, sizes[i], &elements)) {
        return false;
      }
    }
    return last < count && elements <= count;
  }

  const std::string& label_;
  std::function<at::Tensor(const StorageName&)> elements_;
  TensorMap storages_;
};

at::Tensor copy_elements(std::string_view bytes, const StorageName& name) {
  auto tensor = at::empty({name.count}, name.type);
  std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

std::int64_t bytes_of(const StorageName& name) {
  return name.count * static_cast<std::int64_t>(c10::elementSize(name.type));
}

TensorMap from_zip(std::string_view bytes, const std::string& label) {
  const ZipReader zip(bytes, label);
  const auto read = [&](const std::string& wanted) -> std::optional<std::string> {
    for (const auto& entry : zip.entries()) {
      if (entry.name == wanted) return zip.read(entry);
    }
    return std::nullopt;
  };
  const auto& entries = zip.entries();
  const auto pickle = std::find_if(entries.begin(), entries.end(), [](const ZipEntry& entry) {
    return entry.name.ends_with("/data.pkl");
  });
  if (pickle == entries.end()) fail(label, "it has no data.pkl");
  const auto folder = pickle->name.substr(0, pickle->name.size() - std::strlen("data.pkl"));
  if (read(folder + "byteorder").value_or("little") != "little") {
    fail(label, "its numbers are big-endian");
  }
  const std::string content = zip.read(*pickle);
  std::string_view rest = content;
  const auto tree = read_pickle(rest, kAllowed, label);
  const auto elements = [&](const StorageName& name) {
    const auto data = read(folder + "data/" + name.key);
    if (!data || name.count > static_cast<std::int64_t>(data->size()) ||
        bytes_of(name) != static_cast<std::int64_t>(data->size())) {
      fail(label, fmt::format("storage '{}' is missing or of another length", name.key));
    }
    return copy_elements(*data, name);
  };
  return StateDict(label, elements).tensors(*tree.root);
}

// The storages behind the pickles, in the order of their keys. Their types are known only from the
// tensors, so the first walk collects them.
class LegacyStorages {
 public:
  LegacyStorages(std::string_view bytes, const std::string& label) : bytes_(bytes), label_(label) {}

  void find(const PickleTree& state, const PickleNode& keys) {
    std::map<std::string, std::int64_t> element_bytes;
    for (const auto& node : state.nodes) {
      if (node.kind != Kind::kPersistent || node.items.size() < 3) continue;
      const bool floats = node.items[1]->text == kFloatStorage;
      element_bytes[node.items[2]->text] = floats ? sizeof(float) : sizeof(std::int64_t);
    }
    for (const auto* key : keys.items) {
      const auto known = element_bytes.find(key->text);
      if (known == element_bytes.end()) fail(label_, "it lists a storage that no tensor uses");
      std::int64_t count = 0;
      std::memcpy(&count, take(sizeof(count)).data(), sizeof(count));
      if (count < 0 || count > static_cast<std::int64_t>(bytes_.size())) fail(label_, "cut short");
      places_[key->text] = take(static_cast<std::size_t>(count * known->second));
    }
    if (!bytes_.empty()) fail(label_, "bytes are left over after the last storage");
  }

  at::Tensor elements(const StorageName& name) const {
    const auto found = places_.find(name.key);
    if (found == places_.end() || name.count > static_cast<std::int64_t>(found->second.size()) ||
        bytes_of(name) != static_cast<std::int64_t>(found->second.size())) {
      fail(label_, fmt::format("storage '{}' is missing or of another length", name.key));
    }
    return copy_elements(found->second, name);
  }

 private:
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) fail(label_, "it is cut short");
    const auto taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  std::string_view bytes_;
  const std::string& label_;
  std::map<std::string, std::string_view> places_;
};

TensorMap from_legacy(std::string_view bytes, const std::string& label) {
  bytes.remove_prefix(kLegacyMagic.size());
  const auto protocol = read_pickle(bytes, {}, label);
  if (protocol.root->integer != kLegacyProtocol) fail(label, "its format is not version 1001");
  const auto system = read_pickle(bytes, {}, label);
  for (const auto& [key, value] : system.root->entries) {
    if (key->text == "little_endian" && value->integer != 1) fail(label, "it is big-endian");
  }
  const auto state = read_pickle(bytes, kAllowed, label);
  const auto keys = read_pickle(bytes, {}, label);
  LegacyStorages storages(bytes, label);
  storages.find(state, *keys.root);
  return StateDict(label, [&](const StorageName& name) { return storages.elements(name); })
      .tensors(*state.root);
}

}  // namespace

bool is_torch_file(std::string_view bytes) {
  return bytes.starts_with(kZipStart) || bytes.starts_with(kLegacyMagic);
}

TensorMap from_torch_file(std::string_view bytes, const std::string& label) {
  if (bytes.starts_with(kZipStart)) return from_zip(bytes, label);
  if (bytes.starts_with(kLegacyMagic)) return from_legacy(bytes, label);
  fail(label, "it begins as no file of torch.save");
}

}  // namespace assay
