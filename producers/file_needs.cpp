#include "producers/file_needs.hpp"

#include <algorithm>

#include "producers/work_fit.hpp"

namespace ringrift::producers {
namespace {

using projections::CandidateStatus;
using projections::ClusterView;

/// A model's id is the digest of its file; `init` has none.
void add_model(std::set<bus::FileDigest>& files, const bus::ModelId& model) {
    if (!model.empty() && model != bus::init_model) files.insert({model.value});
}

std::vector<bus::NodeId> training_nodes(const Sight& sight, const std::vector<bus::NodeId>& well) {
    const auto& nodes = sight.cluster.nodes.nodes;
    const auto gpus = [&](const bus::NodeId& node) { return nodes.at(node).joined.capacity.gpus; };
    std::vector<bus::NodeId> able;
    for (const bus::NodeId& node : well) {
        if (may_run(nodes.at(node), bus::WorkType::training)) able.push_back(node);
    }
    std::ranges::stable_sort(able, std::greater(), gpus);
    const bool has_gpus = !able.empty() && gpus(able.front()) > 0;
    if (has_gpus) std::erase_if(able, [&](const bus::NodeId& node) { return gpus(node) == 0; });
    if (able.size() > training_nodes_max) able.resize(training_nodes_max);
    return able;
}

/// The newest games, synchronised or not, that together fill the window of an export.
void add_window(std::set<bus::FileDigest>& files, const ClusterView& cluster,
                const projections::ConfigData& data, std::int64_t games_max) {
    for (const auto& [position, file] : data.unsynced) files.insert(file);
    std::int64_t games = 0;
    for (auto at = data.synced.rbegin(); at != data.synced.rend() && games < games_max; ++at) {
        games += cluster.data.files.at(at->second).games;
        files.insert(at->second);
    }
}

void add_learning(FileNeeds& needs, const ClusterView& cluster) {
    for (const auto& [config, training] : cluster.training.configs) {
        add_model(needs.in_use, training.best);
        for (const auto& [model, candidate] : training.candidates) {
            const bool is_tested = candidate.status != CandidateStatus::promoted &&
                                   candidate.status != CandidateStatus::rejected;
            if (!is_tested) continue;
            add_model(needs.in_use, model);
            add_model(needs.in_use, candidate.baseline);
        }
        if (training.export_waiting) needs.for_training.insert(training.export_waiting->file);
    }
    for (const auto& [config, data] : cluster.data.configs) {
        const auto* policy = policy_of(cluster.leadership, config);
        const bus::ConfigPolicy standard;
        add_window(needs.for_training, cluster, data,
                   policy == nullptr ? standard.window_games : policy->window_games);
    }
}

/// What is open stands in the lines and among the leases; most items of the view have ended. An
/// item that waits for several others is visited as often.
template <class Visit>
void for_each_open(const projections::WorkView& work, const Visit& visit) {
    const auto see = [&](const bus::WorkId& id) { visit(*find(work, id)); };
    for (const auto& [kind, line] : work.waiting) {
        for (const auto& [rank, id] : line) see(id);
    }
    for (const auto& [when, id] : work.delayed) see(id);
    for (const auto& [blocker, ids] : work.blocked) std::ranges::for_each(ids, see);
    for (const auto& [node, ids] : work.leased_by_node) std::ranges::for_each(ids, see);
}

void add_work(FileNeeds& needs, const projections::WorkView& work) {
    for_each_open(work, [&](const projections::WorkItem& item) {
        std::set<bus::FileDigest> files(item.order.inputs.begin(), item.order.inputs.end());
        add_model(files, item.order.model);
        add_model(files, item.order.baseline);
        if (item.lease) needs.claimed[item.lease->node].insert(files.begin(), files.end());
        needs.referenced.insert(files.begin(), files.end());
    });
}

}  // namespace

FileNeeds file_needs(const Sight& sight) {
    FileNeeds needs;
    for (const auto& [node, entry] : sight.cluster.nodes.nodes) {
        if (is_well(sight, node)) needs.well.push_back(node);
    }
    needs.training = training_nodes(sight, needs.well);
    add_learning(needs, sight.cluster);
    add_work(needs, sight.cluster.work);
    return needs;
}

bool is_well(const Sight& sight, const bus::NodeId& node) {
    const auto* entry = find(sight.cluster.nodes, node);
    return entry != nullptr && !entry->draining && takes_work(*entry, sight.now);
}

bool is_needed(const FileNeeds& needs, const bus::FileDigest& file, const bus::NodeId& node) {
    if (needs.referenced.contains(file) || needs.in_use.contains(file)) return true;
    return needs.for_training.contains(file) && std::ranges::count(needs.training, node) > 0;
}

}  // namespace ringrift::producers
