#include "tests/simulation/settings.hpp"

#include "tests/simulation/random.hpp"

namespace ringrift::simulation {
namespace {

constexpr std::int64_t gib = std::int64_t(1) << 30;
using std::chrono::minutes;

bus::ConfigPolicy draw_policy(Random& random, std::int64_t n) {
    const std::int64_t pairs_per_batch = random.between(4, 12);
    return {
        .config = {"hex" + std::to_string(4 + n) + "_2p"},
        .weight_ppm = random.between(200'000, 1'000'000),
        .games_per_job = random.between(8, 30),
        .games_to_export = random.between(30, 120),
        .window_games = random.between(100, 1'000),
        .samples_to_train = random.between(1, 1'000),
        .training_cooldown_ms = random.coin() ? bus::Duration(0) : minutes(random.between(1, 10)),
        .pairs_per_batch = pairs_per_batch,
        .pairs_max = pairs_per_batch * random.between(2, 8),
        .games_min = random.between(4, 20),
        .elo0_milli = 0,
        .elo1_milli = random.between(50'000, 200'000),
        .rating_pairs = random.between(0, 20),
        .elo_target_milli = random.between(100'000, 2'000'000),
        .selfplay_ahead = random.between(2, 6)};
}

bus::WorkPolicy draw_work(Random& random, const char* type, std::int64_t slots) {
    return {.type = type,
            .slots = slots,
            .memory_bytes = gib * random.between(0, 4),
            .timeout_ms = minutes(random.between(12, 25)),
            .attempts_max = random.between(2, 4)};
}

}  // namespace

producers::Machine draw_machine(std::uint64_t seed) {
    Random random(seed, "machine");
    const std::int64_t slots = random.between(2, 8);
    return {.capacity = {.slots = slots,
                         .cpus = slots,
                         .memory_bytes = gib * random.between(4, 16),
                         .disk_bytes = 500 * gib}};
}

ops::NodeSettings draw_settings(std::uint64_t seed, std::int64_t version) {
    Random random(seed, "workload " + std::to_string(version));
    Random names(seed, "configs");
    ops::NodeSettings settings;
    settings.self = {.node = {"sim-1"},
                     .host = "127.0.0.1",
                     .port = 8770,
                     .capacity = draw_machine(seed).capacity,
                     .version = "0.1.0",
                     .voter = true};
    settings.log_kind = "memory";
    settings.publish_every = std::chrono::seconds(5);  // nobody looks before the end
    settings.run_seed = static_cast<std::int64_t>(seed % 1'000'000);
    settings.autoscale_dry_run = names.coin();
    settings.config.hash = "workload-" + std::to_string(version);
    const std::int64_t configs = names.between(1, 3);
    for (std::int64_t n = 0; n < configs; ++n)
        settings.config.configs.push_back(draw_policy(random, n));
    for (const char* type : {"selfplay", "export", "evaluation", "tournament"}) {
        settings.config.work.push_back(draw_work(random, type, 1));
    }
    settings.config.work.push_back(draw_work(random, "training", random.between(1, 2)));
    return settings;
}

}  // namespace ringrift::simulation
