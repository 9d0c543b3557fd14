// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

struct sqlite3;
struct sqlite3_stmt;

namespace assay {

/// Throws the Error that fits what SQLite last said on this connection: a damaged file is exit 4, a
/// full disk or a failing device exit 3, a file that cannot be opened exit 2; anything else is a
/// programmer's error (std::logic_error).
[[noreturn]] void throw_sqlite_error(sqlite3* connection, const std::filesystem::path& file);

/// One prepared SQL statement. Parameters and columns are counted from 0. Made by
/// Database::prepare, must not outlive its database. Every function throws as throw_sqlite_error
/// does.
class Statement {
 public:
  Statement(sqlite3* connection, const std::filesystem::path* file, std::string_view sql);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// Binds all parameters in order. Text is copied; bytes are bound by bind_bytes.
  template <typename... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (bind_at(index++, values), ...);
    return *this;
  }
  /// The same for values of types that are known only when it runs.
  template <typename Variant>
  Statement& bind_all(std::span<const Variant> values) {
    int index = 0;
    for (const Variant& value : values) {
      std::visit([&](const auto& one) { bind_at(index++, one); }, value);
    }
    return *this;
  }
  void bind_bytes(int index, std::string_view bytes);
  void bind_value(int index, std::int64_t value) { bind_integer(index, value); }
  /// Binds what a column of another statement's current row holds, type and all.
  void copy_value(int index, const Statement& row, int column);

  /// True while there is a row.
  bool step();
  /// Runs to the end and resets, keeping nothing bound.
  void run();
  void reset();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;  ///< of a text or a blob
  int columns() const;
  std::string_view column_name(int column) const;
  int column_type(
      int column) const;  ///< SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL

 private:
  template <typename Value>
  void bind_at(int index, const Value& value) {
    if constexpr (std::is_integral_v<Value>) {
      bind_integer(index, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_floating_point_v<Value>) {
      bind_real(index, value);
    } else {
      bind_text(index, value);
    }
  }
  template <typename Value>
  void bind_at(int index, const std::optional<Value>& value) {
    value ? bind_at(index, *value) : bind_null(index);
  }
  void bind_at(int index, std::nullopt_t) { bind_null(index); }
  void bind_integer(int index, std::int64_t value);
  void bind_real(int index, double value);
  void bind_text(int index, std::string_view value);
  void bind_null(int index);
  void check(int code) const;

  sqlite3* connection_;
  const std::filesystem::path* file_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace assay
