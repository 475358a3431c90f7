#include "tests/simulation/programs.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace ringrift::simulation {
namespace {

using bus::FailureKind;
using bus::WorkType;
using consumers::JobFailure;
using consumers::JobOrder;
using std::chrono::minutes;
using std::chrono::seconds;

std::int64_t number_in(const std::string& text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

bus::FileDigest digest_from(Random& random) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string digest;
    for (int n = 0; n < 4; ++n) {
        for (std::uint64_t bits = random.next(), d = 0; d < 16; ++d, bits >>= 4) {
            digest += digits[bits & 15];
        }
    }
    return {digest};
}

bus::Duration usual_run(WorkType type, Random& random) {
    switch (type) {
        case WorkType::selfplay: return random.between(minutes(1), minutes(5));
        case WorkType::export_: return random.between(seconds(10), seconds(60));
        case WorkType::training: return random.between(minutes(2), minutes(8));
        case WorkType::evaluation: return random.between(minutes(1), minutes(4));
        case WorkType::tournament: return random.between(minutes(1), minutes(4));
        case WorkType::sync: break;
    }
    return seconds(10);
}

JobFailure failure(Random& random) {
    constexpr std::array kinds = {FailureKind::exit_code,    FailureKind::signal,
                                  FailureKind::timeout,      FailureKind::no_result,
                                  FailureKind::bad_result,   FailureKind::memory_limit,
                                  FailureKind::output_limit, FailureKind::missing_input,
                                  FailureKind::spawn_failed, FailureKind::lost};
    const FailureKind kind = kinds[static_cast<std::size_t>(random.below(std::ssize(kinds)))];
    return {.kind = kind,
            .reason = "the simulated program failed",
            .exit_code = kind == FailureKind::exit_code ? random.between(1, 255) : 0,
            .signal = kind == FailureKind::signal ? 11 : 0,
            .stderr_tail = "Traceback (most recent call last):\n  simulated\n"};
}

/// Sense and nonsense, as programs tell their channel.
std::vector<consumers::JobSays> talk(const JobOrder& order, Random& random) {
    const std::string config = "\"config\":\"" + order.config.value + "\"";
    switch (random.below(4)) {
        case 0: return {{order.job, "training_progress", "{\"step\":1}"}};
        case 1: return {{order.job, "WORK_CLAIMED", "{\"work\":\"x\",\"node\":\"y\"}"}};
        case 2: return {{order.job, "MODEL_PROMOTED", "{" + config + ",\"model\":\"forged\"}"}};
        default: return {{order.job, "TRAINING_CHECKPOINTED", "{not json"}};
    }
}

}  // namespace

Programs::Programs(std::uint64_t seed, const SimDisk& disk)
    : seed_(seed), disk_(disk), repeatable_(Random(seed, "repeatable").coin()) {}

consumers::CommandTemplates Programs::commands() {
    const consumers::CommandTemplate match = {{"sim", "{candidate}", "{baseline}", "{pairs}"}};
    return {{WorkType::selfplay, {{"sim", "{model}", "{games}", "{seed}"}}},
            {WorkType::export_, {{"sim", "{inputs}"}}},
            {WorkType::training, {{"sim", "{model}", "{inputs}"}}},
            {WorkType::evaluation, match},
            {WorkType::tournament, match}};
}

void Programs::add_file(Made& made, Random& random, std::string name, SimFile file) const {
    const bus::FileDigest digest = digest_from(random);
    made.result.files.push_back(
        {.file = digest, .name = std::move(name), .bytes = file.bytes, .games = file.games});
    made.files.emplace_back(digest, file);
}

/// Scores for each pair of games, from the difference in strength: a thousandth more strength wins
/// a thousandth more often.
void Programs::play_match(const JobOrder& order, std::int64_t pairs, Random& random,
                          bus::WorkResult& result) const {
    const std::int64_t ahead = disk_.strength_at(order.argv[1]) - disk_.strength_at(order.argv[2]);
    const std::int64_t wins_ppm =
        std::clamp<std::int64_t>(450'000 + ahead * 1'000, 30'000, 870'000);
    for (std::int64_t pair = 0; pair < pairs; ++pair) {
        std::int64_t points = 0;  // two for a win, one for a draw
        for (int game = 0; game < 2; ++game) {
            const std::int64_t drawn = random.below(1'000'000);
            const bool won = drawn < wins_ppm;
            const bool even = !won && drawn < wins_ppm + 100'000;
            points += won ? 2 : even ? 1 : 0;
            result.wins += won;
            result.draws += even;
            result.losses += !won && !even;
        }
        ++result.pentanomial[static_cast<std::size_t>(points)];
    }
    result.games = 2 * pairs;
}

Programs::Made Programs::succeed(const JobOrder& order, Random& random, bool short_result) const {
    Made made;
    const auto cut = [&](std::int64_t asked) {
        return short_result ? random.between(1, std::max<std::int64_t>(1, asked - 1)) : asked;
    };
    std::int64_t games_in = 0;
    for (const consumers::JobInput& input : order.inputs) {
        if (const SimFile* file = disk_.find(input.file)) games_in += file->games;
    }
    switch (order.type) {
        case WorkType::selfplay:
            made.result.games = cut(number_in(order.argv[2]));
            add_file(made, random, "games.jsonl",
                     {.kind = bus::FileKind::games,
                      .bytes = made.result.games * 900,
                      .games = made.result.games});
            break;
        case WorkType::export_:
            made.result.games = games_in;
            made.result.samples = games_in * 30;
            add_file(
                made, random, "samples.npz",
                {.kind = bus::FileKind::samples, .bytes = games_in * 4'000, .games = games_in});
            break;
        case WorkType::training:
            made.result.samples = games_in * 30;
            made.result.steps = 1'000;
            made.result.loss_micro = random.between(100'000, 900'000);
            add_file(made, random, "model.bin",
                     {.kind = bus::FileKind::model,
                      .bytes = 200'000,
                      .strength = disk_.strength_at(order.argv[1]) + random.between(-60, 160)});
            break;
        case WorkType::evaluation:
        case WorkType::tournament:
            play_match(order, cut(number_in(order.argv[3])), random, made.result);
            break;
        case WorkType::sync: break;
    }
    return made;
}

/// What a program with a bug leaves and calls a success.
void Programs::spoil(Made& made, Random& random) {
    bus::WorkResult& result = made.result;
    switch (random.below(5)) {
        case 0: result.files.clear(); break;
        case 1: result.games = result.samples = 0; break;
        case 2: result.pentanomial = {}; break;
        case 3: result.pentanomial = {}, result.wins = result.draws = result.losses = 0; break;
        default:
            for (bus::FileMade& file : result.files) file.name = "metrics.json", file.games = 0;
    }
    if (result.files.empty()) made.files.clear();
}

Fate Programs::fate_of(const JobOrder& order) const {
    Random chance(seed_ ^ (order.job.fence * 0x9E3779B97F4A7C15U), order.job.work.value);
    Random same(seed_, order.job.work.value);
    Fate fate = {.spawn = chance.between(bus::Duration(5), seconds(2)),
                 .run = usual_run(order.type, chance)};
    if (chance.happens(ppm_.slow)) fate.run *= chance.between(2, 8);
    if (chance.happens(ppm_.talks)) fate.says = talk(order, chance);
    if (chance.happens(ppm_.ghost)) {
        fate.kind = Fate::Kind::ghost;
    } else if (chance.happens(ppm_.hangs)) {
        fate.kind = Fate::Kind::hangs;
        fate.run = fate.run / 2;
        fate.times_out = chance.coin();
    } else if (chance.happens(ppm_.fails)) {
        fate.outcome = failure(chance);
        fate.run = chance.between(bus::Duration(0), fate.run);
    } else {
        const bool short_result = chance.happens(ppm_.short_result);
        Made made = succeed(order, repeatable_ && !short_result ? same : chance, short_result);
        if (chance.happens(ppm_.bad_result)) spoil(made, chance);
        fate.outcome = consumers::JobSuccess{std::move(made.result)};
        fate.leaves = std::move(made.files);
    }
    return fate;
}

}  // namespace ringrift::simulation
