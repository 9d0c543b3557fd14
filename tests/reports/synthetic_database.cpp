// SPDX-License-Identifier: Apache-2.0
#include "reports/synthetic_database.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cmath>
#include <functional>

#include "core/random.h"
#include "results/recorder.h"
#include "results/run_lock.h"
#include "results/store.h"

namespace assay::test {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 0xFF);
  return bytes;
}

std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body +
         big_endian(static_cast<std::uint32_t>(crc));
}

// An 8-bit grey picture of side × side.
std::string grey_png(int side, const std::function<int(int, int)>& pixel) {
  std::string raw;
  for (int y = 0; y < side; ++y) {
    raw += '\0';
    for (int x = 0; x < side; ++x) raw += static_cast<char>(pixel(x, y));
  }
  std::string packed(compressBound(static_cast<uLong>(raw.size())), '\0');
  auto size = static_cast<uLongf>(packed.size());
  compress(reinterpret_cast<Bytef*>(packed.data()), &size,
           reinterpret_cast<const Bytef*>(raw.data()), static_cast<uLong>(raw.size()));
  packed.resize(size);
  const auto extent = big_endian(static_cast<std::uint32_t>(side));
  return "\x89PNG\r\n\x1a\n" +
         png_chunk("IHDR", extent + extent + std::string("\x08\x00\x00\x00\x00", 5)) +
         png_chunk("IDAT", packed) + png_chunk("IEND", "");
}

// 8×8 tiles of 28×28: discs of several sizes in noise that training removes.
std::string disc_grid(std::uint64_t seed, double noise) {
  RandomStream random(seed);
  return grey_png(224, [&](int x, int y) {
    const int tile = x / 28 + 8 * (y / 28);
    const double radius = 5.0 + static_cast<double>((tile * 7 + static_cast<int>(seed)) % 8);
    const double distance = std::hypot(x % 28 - 13.5, y % 28 - 13.5);
    const double clean = distance < radius ? 0.85 : 0.05;
    return static_cast<int>(255 * ((1 - noise) * clean + noise * random.uniform()));
  });
}

// What the made-up scores mean; "made_up_score" nobody explains.
const std::vector<MetricKind>& made_up_kinds() {
  static const std::vector<MetricKind> kinds = {
      {"fd", Better::kLower, "squared features", "a distance"},
      {"kid", Better::kLower, "kernel", "a distance"},
      {"precision", Better::kHigher, "share", "of samples"},
      {"recall", Better::kHigher, "share", "of the reference"},
      {"elbo", Better::kHigher, "nats per image", "a bound"},
      {"modes_covered", Better::kHigher, "modes", "with a sample"},
      {"high_quality_share", Better::kHigher, "share", "near a mode"},
      {"reverse_kl", Better::kLower, "nats", "of modes"}};
  return kinds;
}

NewRun new_run(Database& database, const MadeUpRun& made_up) {
  add_experiment(database, {std::string(64, made_up.id_digit), made_up.experiment,
                            made_up.experiment.substr(0, made_up.experiment.find('/')),
                            "note = \"" + made_up.note + "\"\n" + made_up.settings});
  MachineRow machine;
  machine.cpu = made_up.cpu;
  machine.flags = "avx2 avx512f";
  machine.cores = 2;
  machine.memory_bytes = std::int64_t{8} << 30;
  machine.os = "Debian 12";
  machine.compiler = made_up.compiler;
  machine.libtorch = "2.11.0";
  NewRun run;
  run.uuid = made_up.uuid.empty() ? random_uuid() : made_up.uuid;
  run.experiment_id = std::string(64, made_up.id_digit);
  run.training_id = made_up.training_id;
  run.parent_uuid = made_up.parent_uuid;
  run.seed = made_up.seed;
  run.commit_id = made_up.commit;
  run.dirty = made_up.dirty;
  run.device = made_up.device;
  run.threads = made_up.threads;
  run.source = made_up.source;
  add_metric_kinds(database, made_up_kinds());
  run.machine_id = add_machine(database, machine);
  run.smoke = made_up.smoke;
  run.overrides = made_up.overrides;
  run.images_total = made_up.images;
  return run;
}

struct Model {
  std::string experiment;
  char digit;
  double fd, precision, recall, speed;
  std::string weights;
  std::vector<std::pair<std::string, double>> losses;  // name, final value
};

Protocol image_protocol(const Model& model) {
  return {{"extractor", "fmnist-cnn"}, {"extractor_sha256", std::string(64, '7')},
          {"n_generated", "2000"},     {"reference", "fashion_mnist:test"},
          {"weights", model.weights},  {"version", "1"}};
}

std::vector<MetricValue> scores(const Model& model, double progress, double jitter) {
  const Protocol protocol = image_protocol(model);
  const double fd = model.fd * std::pow(30.0, 1.0 - progress) * (1.0 + 0.04 * jitter);
  return {{"fd", fd, 0.01 * fd, protocol},
          {"precision", model.precision * progress * (1.0 + 0.02 * jitter), std::nan(""), protocol},
          {"recall", model.recall * progress * (1.0 + 0.05 * jitter), std::nan(""), protocol}};
}

void train(RunRecorder& recorder, const Model& model, std::uint64_t seed) {
  RandomStream random(seed * 100 + static_cast<std::uint64_t>(model.digit));
  const double luck = random.normal();
  constexpr std::int64_t kImages = 240'000;
  for (std::int64_t i = 0; i <= 6; ++i) {
    const double progress = static_cast<double>(i) / 6.0;
    recorder.evaluated({i * kImages / 6, scores(model, progress, luck)});
    recorder.artifact(
        {"samples", i * kImages / 6, "image/png", disc_grid(seed, 1.0 - 0.93 * progress)});
    if (model.losses.size() > 2) {
      recorder.artifact({"reconstructions", i * kImages / 6, "image/png",
                         disc_grid(seed + 3, 0.5 - 0.45 * progress)});
    }
  }
  for (std::int64_t i = 1; i <= 300; ++i) {
    Scalars scalars{i * kImages / 300, {}};
    for (const auto& [name, end] : model.losses) {
      const double decay = 1.0 + 6.0 * std::exp(-static_cast<double>(i) / 40.0);
      scalars.values.emplace_back(name, end * decay * (1.0 + 0.03 * random.normal() + 0.03 * luck));
    }
    recorder.scalars(scalars);
  }
  recorder.throughput({"train", model.speed * (1.0 + 0.01 * luck), model.speed * 0.02, 40});
  recorder.throughput({"sample", model.speed * 3.3 * (1.0 + 0.01 * luck), model.speed * 0.05, 7});
  recorder.finished({"complete", "", kImages, std::string(64, 'e'), 240'000 / model.speed,
                     std::int64_t{700} << 20});
}

void add_trained(Database& database, const Model& model, std::uint64_t seed) {
  MadeUpRun made_up;
  made_up.experiment = model.experiment;
  made_up.id_digit = model.digit;
  made_up.seed = seed;
  made_up.images = 240'000;
  const NewRun run = new_run(database, made_up);
  const RunLock lock(database.file(), run.uuid);
  RunRecorder recorder(database, begin_run(database, run));
  train(recorder, model, seed);
}

void add_ring(Database& database, std::uint64_t seed) {
  const Protocol protocol = {{"reference", "ring"}, {"n_generated", "2500"}};
  const auto at = [&](double modes, double share) {
    return std::vector<MetricValue>{{"modes_covered", modes, std::nan(""), protocol},
                                    {"high_quality_share", share, std::nan(""), protocol}};
  };
  MadeUpRun run;
  run.experiment = "toy2d/ring_gan";
  run.id_digit = 'd';
  run.seed = seed;
  run.untrained = at(0, 0.01);
  run.last = at(seed == 1 ? 7 : 8, 0.82 + 0.03 * static_cast<double>(seed));
  run.images = 500'000;
  add_run(database, run);
}

}  // namespace

std::int64_t add_run(Database& database, const MadeUpRun& made_up) {
  const NewRun run = new_run(database, made_up);
  const RunLock lock(database.file(), run.uuid);
  const std::int64_t number = begin_run(database, run);
  RunRecorder recorder(database, number);
  if (!made_up.untrained.empty()) recorder.evaluated({0, made_up.untrained});
  recorder.scalars({made_up.images / 2, {{"loss", made_up.first_loss}}});
  recorder.scalars({made_up.images, {{"loss", 1.0}}});
  if (!made_up.last.empty()) recorder.evaluated({made_up.images, made_up.last});
  recorder.throughput({"train", 100.0 + static_cast<double>(made_up.seed), 1.5, 10});
  for (const Note& note : made_up.notes) recorder.note(note);
  for (const Artifact& artifact : made_up.artifacts) recorder.artifact(artifact);
  recorder.finished({made_up.status, made_up.reason, made_up.images, made_up.state_hash,
                     made_up.wall_seconds, made_up.peak_memory_bytes});
  return number;
}

void add_runs_of_fd(const std::filesystem::path& file, MadeUpRun run, const std::vector<double>& fd,
                    const Protocol& protocol) {
  auto database = Database::open_for_writing(file);
  for (const double value : fd) {
    if (run.status == "complete") run.last = {{"fd", value, 0.5, protocol}};
    add_run(database, run);
    ++run.seed;
  }
}

void fill_small(const std::filesystem::path& file) {
  auto database = Database::open_for_writing(file);
  const Protocol ema = {{"extractor", "pixels"}, {"n_generated", "100"}, {"weights", "ema"}};
  const Protocol raw = {{"extractor", "pixels"}, {"n_generated", "100"}, {"weights", "raw"}};
  const auto scored = [](double fd, double error, const Protocol& protocol) {
    return std::vector<MetricValue>{{"fd", fd, error, protocol}};
  };
  const std::vector<double> last = {10.0, 12.0, 17.0};
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    MadeUpRun run;
    run.seed = seed;
    run.uuid = fmt::format("00000000-0000-4000-8000-00000000000{}", seed);
    run.untrained = scored(130.0, 2.0, raw);
    run.last = scored(last[seed], 0.5, raw);
    add_run(database, run);
  }
  MadeUpRun other;
  other.experiment = "diffusion/example";
  other.id_digit = 'b';
  other.uuid = "00000000-0000-4000-8000-000000000009";
  other.last = scored(8.25, std::nan(""), ema);
  add_run(database, other);
  other.seed = 1;
  other.uuid = "00000000-0000-4000-8000-00000000000a";
  other.last = {};
  other.status = "diverged";
  other.reason = "loss is nan at 640 images";
  add_run(database, other);
}

void fill_large(const std::filesystem::path& file) {
  auto database = Database::open_for_writing(file);
  const std::vector<Model> models = {
      {"vae/fashion_mnist",
       'a',
       38.0,
       0.62,
       0.41,
       5200,
       "raw",
       {{"loss", 238.0}, {"reconstruction", 225.0}, {"kl", 13.0}}},
      {"gan/dcgan_fashion_mnist",
       'b',
       17.5,
       0.78,
       0.36,
       1450,
       "raw",
       {{"discriminator", 0.42}, {"generator", 2.1}}},
      {"diffusion/ddpm_fashion_mnist", 'c', 9.4, 0.74, 0.63, 610, "ema", {{"loss", 0.031}}}};
  for (const auto& model : models) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) add_trained(database, model, seed);
  }
  for (std::uint64_t seed = 0; seed < 3; ++seed) add_ring(database, seed);
  MadeUpRun bad;
  bad.experiment = "gan/dcgan_fashion_mnist";
  bad.id_digit = 'b';
  bad.seed = 3;
  bad.status = "diverged";
  bad.reason = "generator loss is nan; last good step 1875 at 120000 images";
  bad.images = 120'000;
  add_run(database, bad);
  bad.experiment = "diffusion/ddpm_fashion_mnist";
  bad.id_digit = 'c';
  bad.status = "interrupted";
  bad.reason = "Ctrl-C";
  add_run(database, bad);
}

}  // namespace assay::test
