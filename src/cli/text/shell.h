// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace assay {

/// The command line of this process, for a shell: "assay run demo --jobs 2", without the words in
/// `left_out`.
std::string this_command(const std::vector<std::string>& left_out);

}  // namespace assay
