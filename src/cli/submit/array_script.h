// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace assay {

/// One run as a task of a job: what its files are called, and the arguments of `assay run`, quoted
/// for a shell.
struct ArrayTask {
  std::string name;
  std::string arguments;
};

struct ArrayOptions {
  std::filesystem::path program;  ///< this assay, as the nodes find it
  std::filesystem::path folder;   ///< shared: databases come back to it
  std::string job_name;
  std::int64_t threads = 1;              ///< cores of a task
  std::int64_t at_a_time = 0;            ///< tasks that run together; 0: as many as fit
  std::vector<std::string> sbatch = {};  ///< further options, as "--partition=long"
};

/// Bash that Slurm runs once for each task, which its number in the array names. A task works on a
/// database of its own on the node's disk (SLURM_TMPDIR, else TMPDIR, else /tmp), begun as the copy
/// that an earlier task of the same run left, and copies it back when it ends, however it ends: two
/// minutes before the time limit Slurm's signal lets the run save a checkpoint first. Only a node
/// that dies takes its work along.
std::string array_script(const std::vector<ArrayTask>& tasks, const ArrayOptions& options);

/// The command that submits a script of so many tasks and answers with the job's number.
std::vector<std::string> sbatch_words(const std::filesystem::path& script, std::size_t tasks,
                                      const ArrayOptions& options);

}  // namespace assay
