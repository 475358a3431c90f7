// ringrift-hex: the arguments, and what becomes of failures.
//
// Exit codes: 0 done, 1 the job failed (one sentence on stderr, no result.json), 2 the arguments
// are wrong (one sentence). What jobs do is in jobs.hpp.
#include <CLI/CLI.hpp>
#include <iostream>

#include "ops/workloads/hex/failure.hpp"
#include "ops/workloads/hex/jobs.hpp"

namespace {

using namespace ringrift::hex;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

constexpr auto about =
    "ringrift-hex plays and learns Hex on small boards: RingRift's reference workload.\n\n"
    "One generation by hand:\n"
    "  ringrift-hex selfplay --config hex5_2p --model init --games 200 --seed 1 --out play\n"
    "  echo play/games-1.jsonl > games.txt\n"
    "  ringrift-hex export --config hex5_2p --inputs games.txt --out export\n"
    "  echo export/samples.npz > samples.txt\n"
    "  ringrift-hex train --config hex5_2p --model init --inputs samples.txt --seed 1 --out train\n"
    "  ringrift-hex match --config hex5_2p --candidate train/model.bin --baseline init \\\n"
    "      --pairs 100 --seed 1 --out match && cat match/result.json\n";

constexpr auto footer =
    "Each job leaves its files and, last, result.json in --out. Run by a node, the options marked\n"
    "with Env take their values from there. Progress goes to RINGRIFT_CHANNEL, else to stdout.\n"
    "Exit codes: 0 done, 1 failed (no result.json), 2 wrong arguments.";

struct CommandLine {
    CLI::App app{about};
    std::string config_name = {};
    JobIdentity identity = {};
    SelfplayJob selfplay = {};
    ExportJob exporting = {};
    TrainJob training = {};
    MatchJob match = {};

    CommandLine();
    CLI::App* add_job(const char* name, const char* what);
};

void add_seed(CLI::App* job, std::uint64_t& seed) {
    job->add_option("--seed", seed, "same seed, same bytes")
        ->envname("RINGRIFT_SEED")
        ->check(CLI::NonNegativeNumber)
        ->required();
}

void add_out(CLI::App* job, std::filesystem::path& out) {
    job->add_option("--out", out, "folder for files and result.json; created if need be")
        ->envname("RINGRIFT_OUTPUT_DIR")
        ->required();
}

CLI::Option* add_model(CLI::App* job, const char* flag, std::string& model, const char* what) {
    return job->add_option(flag, model, what)->required();
}

template <class T>
void add_number(CLI::App* job, const char* flag, T& number, T most, const char* what) {
    job->add_option(flag, number, what)->check(CLI::Range(T{1}, most))->capture_default_str();
}

CLI::App* CommandLine::add_job(const char* name, const char* what) {
    CLI::App* job = app.add_subcommand(name, what);
    job->add_option("--config", config_name, "hex4_2p, hex5_2p, hex6_2p or hex7_2p")
        ->envname("RINGRIFT_CONFIG")
        ->required();
    return job;
}

CommandLine::CommandLine() {
    constexpr const char* model_help = "a model.bin, or init for the untrained network";
    app.require_subcommand(1);
    app.footer(footer);
    app.fallthrough();
    app.add_option("--channel", identity.channel, "ZeroMQ endpoint that takes progress")
        ->envname("RINGRIFT_CHANNEL");
    app.add_option("--work-id", identity.work, "echoed in progress")->envname("RINGRIFT_WORK_ID");
    app.add_option("--fence", identity.fence, "echoed in progress")
        ->envname("RINGRIFT_FENCE")
        ->check(CLI::NonNegativeNumber);

    CLI::App* job = add_job("selfplay", "play games against oneself -> games-<seed>.jsonl");
    add_model(job, "--model", selfplay.model, model_help)->envname("RINGRIFT_MODEL");
    add_number(job, "--games", selfplay.games, 100'000, "games to play");
    add_number(job, "--simulations", selfplay.options.simulations, 100'000, "search per move");
    add_seed(job, selfplay.seed);
    add_out(job, selfplay.out);

    job = add_job("export", "games -> samples.npz, which numpy.load reads");
    job->add_option("--inputs", exporting.inputs, "text file: one games file a line")->required();
    add_out(job, exporting.out);

    job = add_job("train", "samples and a model -> a better model.bin");
    add_model(job, "--model", training.model, model_help)->envname("RINGRIFT_MODEL");
    job->add_option("--inputs", training.inputs, "text file: one samples.npz a line")->required();
    add_number(job, "--epochs", training.options.epochs, 10'000, "times each sample is seen");
    add_number(job, "--batch", training.options.batch, 65'536, "samples per step");
    job->add_option("--learning-rate", training.options.learning_rate, "at the first step")
        ->check(CLI::Range(1e-7F, 1.0F))
        ->capture_default_str();
    add_seed(job, training.seed);
    add_out(job, training.out);

    job = add_job("match", "pairs of games with seats swapped -> pentanomial counts");
    add_model(job, "--candidate", match.candidate, model_help);
    add_model(job, "--baseline", match.baseline, model_help);
    add_number(job, "--pairs", match.options.pairs, 100'000, "openings, each played twice");
    add_number(job, "--simulations", match.options.simulations, 100'000, "search per move");
    add_seed(job, match.seed);
    add_out(job, match.out);
}

void run_job(CommandLine& line, Config config) {
    line.selfplay.config = line.exporting.config = config;
    line.training.config = line.match.config = config;
    Progress progress(line.identity);
    if (line.app.got_subcommand("selfplay")) run(line.selfplay, progress);
    if (line.app.got_subcommand("export")) run(line.exporting, progress);
    if (line.app.got_subcommand("train")) run(line.training, progress);
    if (line.app.got_subcommand("match")) run(line.match, progress);
}

}  // namespace

int main(int argc, char** argv) {
    CommandLine line;
    try {
        line.app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help
        return line.app.exit(success);
    } catch (const CLI::ParseError& error) {
        std::cerr << "ringrift-hex: " << error.what() << "; see ringrift-hex --help\n";
        return exit_usage;
    }
    const auto config = find_config(line.config_name);
    if (!config) {
        std::cerr << "ringrift-hex: --config " << line.config_name
                  << " is none of hex4_2p, hex5_2p, hex6_2p, hex7_2p\n";
        return exit_usage;
    }
    try {
        run_job(line, *config);
    } catch (const std::exception& failure) {
        std::cerr << "ringrift-hex: " << failure.what() << "\n";
        return exit_failed;
    }
    return 0;
}
