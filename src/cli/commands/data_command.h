// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/context.h"

namespace assay {

/// `assay data [list]`: every data set, where it was found, or how to get it.
int data_list_command(const CommonOptions& options);
/// `assay data verify NAME|FOLDER`: reads it whole and checks its digests.
int data_verify_command(const std::string& target);
/// `assay data fetch NAME`: where a data set or an extractor's weights are published, their size,
/// SHA-256 and licence, and where to put them. Downloads nothing. Throws Error with the near miss.
int data_fetch_command(const std::string& name);
/// `assay doctor [--db FILE]`: machine, set-up and, if given or there, a database; one line each.
int doctor_command(const CommonOptions& options, bool database_given);
/// `assay prune [--db FILE]`: deletes the pictures that no report shows (results/prune.h).
int prune_command(const CommonOptions& options);

}  // namespace assay
