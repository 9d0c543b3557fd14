// SPDX-License-Identifier: Apache-2.0
#include "nn/files/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "core/error.h"

namespace assay {
namespace {

using Kind = PickleNode::Kind;

// Named as in Python's pickletools.py.
enum Opcode : unsigned char {
  kMark = '(',
  kStop = '.',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNoneValue = 'N',
  kBinPersistentId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobalName = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTupleToMark = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kBinFloat = 'G',
  kProtocol = 0x80,
  kTuple1 = 0x85,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
};

class Reader {
 public:
  Reader(std::string_view& bytes, std::span<const std::string_view> allowed,
         const std::string& label)
      : bytes_(bytes), allowed_(allowed), label_(label) {}

  PickleTree read() {
    for (auto opcode = byte(); opcode != kStop; opcode = byte()) {
      if (!constant(opcode) && !text(opcode) && !memory(opcode) && !container(opcode) &&
          !object(opcode)) {
        fail(fmt::format("it holds opcode 0x{:02x}, which weights do not need", opcode));
      }
    }
    tree_.root = pop();
    return std::move(tree_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(fmt::format("{}: not a file of weights that is read here: {}", label_, why));
  }

  std::string_view take(std::size_t count) {
    if (bytes_.size() < count) fail("its pickle is cut short");
    const auto taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  unsigned char byte() { return static_cast<unsigned char>(take(1)[0]); }

  // Little-endian.
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    const auto raw = take(width);
    for (std::size_t i = 0; i < width; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(raw[i])} << (8 * i);
    }
    return value;
  }

  std::int64_t long_number() {
    const std::size_t width = byte();
    if (width > 8) fail("it holds a whole number over 64 bits");
    if (width == 0) return 0;
    const auto shift = 64 - 8 * width;
    return static_cast<std::int64_t>(number(width) << shift) >> shift;
  }

  std::string_view line() {
    const auto end = bytes_.find('\n');
    if (end == std::string_view::npos) fail("its pickle is cut short");
    const auto taken = take(end + 1);
    return taken.substr(0, end);
  }

  PickleNode& push(PickleNode node) {
    tree_.nodes.push_back(std::move(node));
    stack_.push_back(&tree_.nodes.back());
    return tree_.nodes.back();
  }

  PickleNode* pop() {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) fail("its pickle takes from an empty stack");
    auto* node = stack_.back();
    stack_.pop_back();
    return node;
  }

  std::vector<const PickleNode*> pop_many(std::size_t count) {
    std::vector<const PickleNode*> nodes(count);
    for (std::size_t i = count; i-- > 0;) nodes[i] = pop();
    return nodes;
  }

  std::vector<const PickleNode*> pop_to_mark() {
    if (marks_.empty()) fail("its pickle lacks a mark");
    auto nodes = pop_many(stack_.size() - marks_.back());
    marks_.pop_back();
    return nodes;
  }

  PickleNode& top() {
    auto* node = pop();
    stack_.push_back(node);
    return *node;
  }

  bool constant(unsigned char opcode) {
    switch (opcode) {
      case kProtocol:
        if (const auto protocol = byte(); protocol != 2) {
          fail(fmt::format("its pickle has protocol {}, only 2 is read", protocol));
        }
        return true;
      case kNoneValue:
        return push({}), true;
      case kNewTrue:
      case kNewFalse:
        return push({.kind = Kind::kBool, .integer = opcode == kNewTrue}), true;
      case kBinInt:
        return integer(static_cast<std::int32_t>(static_cast<std::uint32_t>(number(4))));
      case kBinInt1:
        return integer(byte());
      case kBinInt2:
        return integer(static_cast<std::int64_t>(number(2)));
      case kLong1:
        return integer(long_number());
      case kBinFloat: {
        std::uint64_t bits = 0;  // big-endian, alone among them
        for (int i = 0; i < 8; ++i) bits = bits << 8 | byte();
        return push({.kind = Kind::kReal, .real = std::bit_cast<double>(bits)}), true;
      }
      default:
        return false;
    }
  }

  bool integer(std::int64_t value) {
    return push({.kind = Kind::kInteger, .integer = value}), true;
  }

  bool text(unsigned char opcode) {
    std::size_t length = 0;
    if (opcode == kShortBinString) {
      length = byte();
    } else if (opcode == kBinUnicode || opcode == kBinString) {
      length = number(4);
    } else {
      return false;
    }
    push({.kind = Kind::kText, .text = std::string(take(length))});
    return true;
  }

  bool memory(unsigned char opcode) {
    switch (opcode) {
      case kBinPut:
        memo_[byte()] = &top();
        return true;
      case kLongBinPut:
        memo_[number(4)] = &top();
        return true;
      case kBinGet:
        return recall(byte());
      case kLongBinGet:
        return recall(number(4));
      case kMark:
        return marks_.push_back(stack_.size()), true;
      default:
        return false;
    }
  }

  bool recall(std::uint64_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) fail("its pickle recalls what it did not store");
    stack_.push_back(found->second);
    return true;
  }

  bool container(unsigned char opcode) {
    switch (opcode) {
      case kEmptyTuple:
        return push({.kind = Kind::kTuple}), true;
      case kEmptyList:
        return push({.kind = Kind::kList}), true;
      case kEmptyDict:
        return push({.kind = Kind::kDict}), true;
      case kTuple1:
      case kTuple1 + 1:
      case kTuple3:
        return tuple(pop_many(opcode - kTuple1 + 1U));
      case kTupleToMark:
        return tuple(pop_to_mark());
      case kAppend:
        return append(pop_many(1));
      case kAppends:
        return append(pop_to_mark());
      case kSetItem:
        return set_items(pop_many(2));
      case kSetItems:
        return set_items(pop_to_mark());
      default:
        return false;
    }
  }

  bool tuple(std::vector<const PickleNode*> items) {
    return push({.kind = Kind::kTuple, .items = std::move(items)}), true;
  }

  bool append(const std::vector<const PickleNode*>& items) {
    auto& list = top();
    if (list.kind != Kind::kList) fail("its pickle appends to what is no list");
    list.items.insert(list.items.end(), items.begin(), items.end());
    return true;
  }

  bool set_items(const std::vector<const PickleNode*>& items) {
    auto& dict = top();
    if (dict.kind != Kind::kDict && dict.kind != Kind::kCall) {
      fail("its pickle sets items of what is no dictionary");
    }
    if (items.size() % 2 != 0) fail("its pickle sets a key without a value");
    for (std::size_t i = 0; i < items.size(); i += 2) {
      dict.entries.emplace_back(items[i], items[i + 1]);
    }
    return true;
  }

  bool object(unsigned char opcode) {
    switch (opcode) {
      case kGlobalName: {
        const auto module = std::string(line());
        auto name = fmt::format("{} {}", module, line());
        if (std::find(allowed_.begin(), allowed_.end(), name) == allowed_.end()) {
          fail(fmt::format("it names '{:.200}', which could be code; only tensors are read", name));
        }
        return push({.kind = Kind::kGlobal, .text = std::move(name)}), true;
      }
      case kBinPersistentId:
        return push({.kind = Kind::kPersistent, .items = tuple_items(pop())}), true;
      case kReduce: {
        auto arguments = tuple_items(pop());
        const auto* function = pop();
        if (function->kind != Kind::kGlobal) fail("its pickle calls what is no function");
        push({.kind = Kind::kCall, .text = function->text, .items = std::move(arguments)});
        return true;
      }
      case kBuild:
        // Attributes: the _metadata of a state dict, which no reader needs.
        return pop(), top().kind == Kind::kCall || (fail("its pickle sets attributes"), false);
      default:
        return false;
    }
  }

  std::vector<const PickleNode*> tuple_items(const PickleNode* node) const {
    if (node->kind != Kind::kTuple) fail("its pickle passes arguments that are no tuple");
    return node->items;
  }

  std::string_view& bytes_;
  std::span<const std::string_view> allowed_;
  const std::string& label_;
  PickleTree tree_;
  std::vector<PickleNode*> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint64_t, PickleNode*> memo_;
};

}  // namespace

PickleTree read_pickle(std::string_view& bytes, std::span<const std::string_view> allowed,
                       const std::string& label) {
  return Reader(bytes, allowed, label).read();
}

}  // namespace assay
