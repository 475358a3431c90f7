#pragma once

// A log as the closed loop writes it, for benchmarks: games, copies, exports, trainings, matches
// and decisions of some configs, on some nodes, for as long as wanted.
//
// Types, their proportions, ids and sizes are those of a recorded run of `ringrift up`: of a
// hundred events 18 queue work, 18 claim, 18 start and 18 complete it, 8 record games, 8 a copy,
// the rest is said of exports, models and ratings. Every event holds. A pure function of the plan.

#include <cstdio>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "bus/event.hpp"

namespace ringrift::bench {

struct LoopPlan {
    std::size_t configs = 12;
    std::size_t nodes = 100;
    std::size_t waiting = 200;  ///< Items in the queue at any time.
    std::size_t running = 400;  ///< Items on the nodes at any time.
};

inline const bus::Time loop_begins_at = bus::Time(std::chrono::hours(24 * 365 * 50));

class ClosedLoop {
  public:
    explicit ClosedLoop(LoopPlan plan) : plan_(plan), best_(plan.configs, bus::init_model) {
        say("elected", {}, bus::LeaderElected{.epoch = 1, .leader = boss_, .votes = {boss_}});
        for (std::size_t n = 0; n < plan.nodes; ++n) join(n);
    }

    /// At least `count` events.
    std::vector<bus::Recorded> run(std::size_t count) {
        while (events_.size() < count) {
            queue_next();
            if (waiting_.size() > plan_.waiting) start(pop(waiting_));
            if (running_.size() > plan_.running) complete(pop(running_));
        }
        return std::move(events_);
    }

  private:
    struct Job {
        bus::WorkQueued order = {};
        std::size_t config = 0;
        std::size_t generation = 0;  ///< Of the candidate that it is about.
        bool is_last_match = false;
        bus::NodeId node = {};
        bus::Position fence = 0;
    };
    /// What a config asks for in a generation: games, exports, a training, then matches of a
    /// candidate that was trained this many generations ago and is there by now.
    static constexpr std::size_t selfplays = 6;
    static constexpr std::size_t exports = 3;
    static constexpr std::size_t matches = 4;
    static constexpr std::size_t generation_items = selfplays + exports + 1 + matches;
    static constexpr std::size_t generations_promoted = 6;  ///< One in so many.

    static Job pop(std::deque<Job>& jobs) {
        Job job = std::move(jobs.front());
        jobs.pop_front();
        return job;
    }
    /// 64 digits that look like a SHA-256.
    static std::string digest(std::uint64_t number) {
        std::string digits;
        for (int part = 0; part < 4; ++part) {
            number = (number + 0x9E3779B97F4A7C15U) * 0xBF58476D1CE4E5B9U;
            char text[17] = {};
            std::snprintf(text, sizeof text, "%016llx",
                          static_cast<unsigned long long>(number ^ (number >> 31)));
            digits += text;
        }
        return digits;
    }
    bus::NodeId node(std::size_t n) const { return {"gpu-" + std::to_string(n % plan_.nodes)}; }
    bus::ConfigKey config(std::size_t n) const { return {"hex" + std::to_string(n + 3) + "_2p"}; }
    bus::ModelId model(const Job& job) const {
        return {digest(job.config * 1'000'003 + job.generation)};
    }
    /// How many generations an item may be under way.
    std::size_t delay() const {
        return 2 + (plan_.waiting + plan_.running) / (generation_items * plan_.configs);
    }

    bus::Position say(const std::string& id, const std::string& correlation, bus::Fact fact) {
        const bus::Position position = events_.size() + 1;
        bus::EventId cause = {};
        if (!events_.empty()) cause = events_.back().event.id;
        events_.push_back({.position = position,
                           .event = {.id = {id},
                                     .source = boss_,
                                     .time = loop_begins_at + std::chrono::milliseconds(position),
                                     .epoch = 1,
                                     .correlation = {correlation},
                                     .causation = std::move(cause),
                                     .fact = std::move(fact)}});
        return position;
    }
    bus::Position say(const Job& job, const std::string& what, bus::Fact fact) {
        return say(job.order.work.value + ":" + what + "@1", job.order.work.value + ":queued@1",
                   std::move(fact));
    }

    void join(std::size_t n) {
        say("joined:" + node(n).value, {},
            bus::NodeJoined{.node = node(n),
                            .incarnation = 1,
                            .host = "10.0.0.1",
                            .port = 8770,
                            .capacity = {.slots = 1'000, .gpus = 1'000, .memory_bytes = 1LL << 40},
                            .gpu_name = "NVIDIA H100 80GB HBM3"});
    }

    void queue_next() {
        const std::size_t in_generation = queued_ / plan_.configs % generation_items;
        Job job = {.config = queued_ % plan_.configs,
                   .generation = queued_ / plan_.configs / generation_items + delay()};
        ++queued_;
        bus::WorkQueued& order = job.order;
        order.config = config(job.config);
        order.needs.memory_bytes = 512 << 20;
        order.model = best_[job.config];
        order.games = 200;
        order.share_ppm = 1'000'000 / static_cast<std::int64_t>(plan_.configs);
        std::string kind = "selfplay-";
        const bool has_candidate = job.generation >= 2 * delay();
        if (in_generation > selfplays + exports && has_candidate) {
            kind = "evaluation-";
            order.type = bus::WorkType::evaluation;
            job.generation -= delay();
            job.is_last_match = in_generation + 1 == generation_items;
            order.model = model(job);
            order.baseline = best_[job.config];
        } else if (in_generation == selfplays + exports) {
            kind = "training-";
            order.type = bus::WorkType::training;
            order.inputs = {{digest(queued_)}};
        } else if (in_generation >= selfplays && in_generation < selfplays + exports) {
            kind = "export-";
            order.type = bus::WorkType::export_;
        }
        order.work = {kind + order.config.value + "-" + std::to_string(queued_)};
        say(job, "queued", order);
        waiting_.push_back(std::move(job));
    }

    void start(Job job) {
        const bus::WorkId& work = job.order.work;
        job.node = node(started_++);
        job.fence = say(job, "claimed:1", bus::WorkClaimed{.work = work, .node = job.node});
        say(job, "started", bus::WorkStarted{.work = work, .node = job.node, .fence = job.fence});
        if (job.order.type == bus::WorkType::training) {
            say(job, "training",
                bus::TrainingStarted{.work = work, .config = job.order.config, .node = job.node});
        }
        running_.push_back(std::move(job));
    }

    void complete(const Job& job) {
        const bus::FileDigest file = {digest(job.fence)};
        const std::string name = "games-" + std::to_string(job.fence) + ".jsonl";
        if (job.order.type == bus::WorkType::selfplay) record(job, file, name);
        bus::WorkCompleted done = {.work = job.order.work,
                                   .node = job.node,
                                   .fence = job.fence,
                                   .type = job.order.type,
                                   .config = job.order.config,
                                   .run_ms = bus::Duration(62'280),
                                   .result = {.games = 200, .pentanomial = {1, 2, 3, 2, 1}}};
        if (job.order.type != bus::WorkType::evaluation)
            done.result.files = {{.file = file, .name = name, .bytes = 93'024, .games = 200}};
        say(job, "completed:" + std::to_string(job.fence), std::move(done));
        switch (job.order.type) {
            case bus::WorkType::selfplay: return copied(job, file);
            case bus::WorkType::export_: return exported(job, file);
            case bus::WorkType::training: return trained(job);
            default: break;
        }
        if (job.is_last_match) decide(job);
    }
    void record(const Job& job, const bus::FileDigest& file, const std::string& name) {
        say(file.value + ":recorded", job.order.work.value + ":queued@1",
            bus::GamesRecorded{.file = file,
                               .name = name,
                               .node = job.node,
                               .config = job.order.config,
                               .model = job.order.model,
                               .games = 200,
                               .bytes = 93'024,
                               .work = job.order.work});
    }
    void copied(const Job& job, const bus::FileDigest& file) {
        const std::string sync = "sync-" + job.order.config.value + "-" + std::to_string(job.fence);
        say(job, sync,
            bus::DataSyncCompleted{.sync = sync,
                                   .config = job.order.config,
                                   .node = boss_,
                                   .files = {file},
                                   .games = 200});
    }
    void exported(const Job& job, const bus::FileDigest& file) {
        say(job, "announced",
            bus::NpzExportComplete{.work = job.order.work,
                                   .config = job.order.config,
                                   .file = file,
                                   .node = job.node,
                                   .samples = 18'000,
                                   .games = 2'400});
    }
    void trained(const Job& job) {
        const bus::ModelId& best = best_[job.config];
        say(job, "announced",
            bus::TrainingCompleted{.work = job.order.work,
                                   .config = job.order.config,
                                   .model = model(job),
                                   .parent = best,
                                   .node = job.node});
        say(job, "evaluated",
            bus::EvaluationStarted{
                .config = job.order.config, .model = model(job), .baseline = best});
    }

    void decide(const Job& job) {
        const bus::ConfigKey& about = job.order.config;
        const bool is_better = job.generation % generations_promoted == 0;
        say(job, "verdict",
            bus::EvaluationCompleted{
                .config = about,
                .model = model(job),
                .baseline = best_[job.config],
                .verdict = is_better ? bus::Verdict::stronger : bus::Verdict::not_stronger,
                .pentanomial = {4, 8, 12, 8, 4},
                .games = 72,
                .works = {job.order.work},
                .reason = "the log likelihood ratio passed its bound"});
        if (is_better) {
            promote(job);
        } else {
            say(job, "decided",
                bus::PromotionRejected{
                    .config = about, .model = model(job), .gate = "gsprt", .reason = "not shown"});
        }
        bus::CurriculumRebalanced curriculum = {.config = about, .model = model(job)};
        for (std::size_t n = 0; n < plan_.configs; ++n)
            curriculum.weights.push_back({.config = config(n), .weight_ppm = 1'000'000});
        say(job, "rebalanced", std::move(curriculum));
    }
    void promote(const Job& job) {
        const bus::ConfigKey& about = job.order.config;
        say(job, "decided",
            bus::ModelPromoted{.config = about,
                               .model = model(job),
                               .previous = best_[job.config],
                               .pentanomial = {4, 8, 12, 8, 4},
                               .games = 72,
                               .gate = "gsprt"});
        best_[job.config] = model(job);
        say(job, "played",
            bus::MatchPlayed{
                .match = job.order.work.value,
                .config = about,
                .work = job.order.work,
                .games = 20,
                .scores = {
                    {.first = model(job), .second = bus::init_model, .wins = 15, .losses = 5}}});
        for (std::size_t n = 0; n < 2 * generations_promoted; ++n) {
            const bus::ModelId rated = {digest(job.config * 1'000'003 + n)};
            say(job, "elo:" + rated.value, bus::EloUpdated{.config = about, .model = rated});
        }
    }

    LoopPlan plan_;
    bus::NodeId boss_ = {"boss"};
    std::vector<bus::ModelId> best_;
    std::vector<bus::Recorded> events_ = {};
    std::deque<Job> waiting_ = {};
    std::deque<Job> running_ = {};
    std::size_t queued_ = 0;
    std::size_t started_ = 0;
};

}  // namespace ringrift::bench
