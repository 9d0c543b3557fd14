// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace assay {

/// Fills all of its argument with the next bytes of a file, or throws Error.
using ByteSource = std::function<void(std::span<char>)>;

/// What a .npy file says of its data.
struct NpyHeader {
  std::string descr;  ///< NumPy's name of the type: "<f4"
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;  ///< of the header itself, with all that comes before it
};

/// Reads the header of a .npy file, versions 1.0 to 3.0, of `bytes` bytes in all; what `read` gives
/// next are the data. Nothing of it is evaluated. Throws Error naming `label` if it is none, or
/// declares what cannot be.
NpyHeader read_npy_header(const ByteSource& read, std::uint64_t bytes, const std::string& label);

}  // namespace assay
