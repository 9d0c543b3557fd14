// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/context.h"

namespace assay {

/// `assay data [list]`: every data set, where it was found, or how to get it.
int data_list_command(const CommonOptions& options);
/// `assay data verify NAME|FOLDER`: reads it whole and checks its digests.
int data_verify_command(const std::string& target);
/// `assay doctor [--db FILE]`: machine, set-up and, if given or there, a database; one line each.
int doctor_command(const CommonOptions& options, bool database_given);

}  // namespace assay
