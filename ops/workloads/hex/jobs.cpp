#include "ops/workloads/hex/jobs.hpp"

#include <cmath>

#include "ops/workloads/hex/failure.hpp"
#include "ops/workloads/hex/files.hpp"
#include "ops/workloads/hex/games_file.hpp"
#include "ops/workloads/hex/model_file.hpp"
#include "ops/workloads/hex/result.hpp"
#include "ops/workloads/hex/samples_file.hpp"

namespace ringrift::hex {
namespace {

std::int64_t micro(double value) {
    return std::llround(value * 1e6);
}

std::string file_for(std::string_view what, std::uint64_t seed) {
    return std::string(what) + "-" + std::to_string(seed) + ".jsonl";
}

}  // namespace

void run(const SelfplayJob& job, Progress& progress) {
    Output output(job.out);
    const Model model = load_model(job.model, job.config);
    std::string lines;
    std::int64_t samples = 0;
    for (int game = 0; game < job.games; ++game) {
        GameRecord record = play_selfplay_game(model.network, job.options, job.seed, game);
        record.model = model.digest;
        lines += to_json_line(record) + "\n";
        for (const auto& visits : record.visits) samples += visits.empty() ? 0 : 1;
        progress.report(game + 1, job.games, "games");
    }
    output.add_file(file_for("games", job.seed), lines, {{"games", job.games}});
    output.finish({{"type", "selfplay"},
                   {"config", job.config.name()},
                   {"games", job.games},
                   {"samples", samples},
                   {"model", model.digest}});
}

void run(const ExportJob& job, Progress& progress) {
    Output output(job.out);
    const auto paths = read_list(job.inputs);
    std::vector<GameRecord> games;
    std::int64_t files = 0;
    for (const auto& path : paths) {
        for (GameRecord& game : read_games(path, job.config)) games.push_back(std::move(game));
        progress.report(++files, static_cast<std::int64_t>(paths.size()), "files");
    }
    const ExportedSamples exported = samples_of(games, job.config);
    const int samples = exported.samples.count();
    if (samples == 0) {
        throw Failure("the files in " + job.inputs.string() +
                      " hold no samples; list games files that do");
    }
    output.add_file("samples.npz", to_npz(exported), {{"samples", samples}});
    output.finish({{"type", "export"},
                   {"config", job.config.name()},
                   {"games", games.size()},
                   {"samples", samples}});
}

void run(const TrainJob& job, Progress& progress) {
    Output output(job.out);
    Model model = load_model(job.model, job.config);
    const Samples samples = read_samples(read_list(job.inputs), job.config);
    if (samples.count() == 0) {
        throw Failure("the files in " + job.inputs.string() +
                      " hold no samples; export games first");
    }
    const TrainingReport report =
        train(model.network, samples, job.options, job.seed,
              [&](int done, int total) { progress.report(done, total, "steps"); });
    if (!std::isfinite(report.loss())) {
        throw Failure("the loss is not a number any more; train with a lower --learning-rate");
    }
    const std::string bytes = to_bytes(model.network);
    output.add_file("model.bin", bytes);
    output.finish({{"type", "training"},
                   {"config", job.config.name()},
                   {"samples", samples.count()},
                   {"steps", report.steps},
                   {"loss_micro", micro(report.loss())},
                   {"policy_loss_micro", micro(report.policy_loss)},
                   {"value_loss_micro", micro(report.value_loss)},
                   {"parent", model.digest},
                   {"model", sha256(bytes)}});
}

void run(const MatchJob& job, Progress& progress) {
    Output output(job.out);
    const Model candidate = load_model(job.candidate, job.config);
    const Model baseline = load_model(job.baseline, job.config);
    MatchReport report =
        play_match(candidate.network, baseline.network, job.options, job.seed,
                   [&](int done, int total) { progress.report(done, total, "games"); });
    std::string lines;
    for (GameRecord& game : report.games) {
        game.model = game.game % 2 == 0 ? candidate.digest : baseline.digest;  // Who moved first.
        lines += to_json_line(game) + "\n";
    }
    const auto& counts = report.pentanomial;
    output.add_file(file_for("match", job.seed), lines);
    output.finish({{"type", "evaluation"},
                   {"config", job.config.name()},
                   {"games", report.games.size()},
                   {"candidate", candidate.digest},
                   {"baseline", baseline.digest},
                   {"pentanomial", boost::json::array(counts.begin(), counts.end())},
                   {"wins", report.wins()},
                   {"losses", report.losses()},
                   {"draws", 0}});
}

}  // namespace ringrift::hex
