#include "ops/daemon_settings.hpp"

#include "ops/up.hpp"
#include "producers/election_pace.hpp"

namespace ringrift::ops {

NodeSettings node_settings(const Options& options, const Workload& workload,
                           const producers::Machine& machine, const Surroundings& around,
                           std::string log_kind) {
    return {
        .self = {.node = {options.node_id},
                 .host = around.host.empty() ? options.bind : around.host,
                 .port = options.port,
                 .capacity = machine.capacity,
                 .gpu_name = machine.gpu_name,
                 .capabilities = options.work_types,
                 .version = std::string(program_version),
                 .voter = around.is_voter,
                 .instance = around.instance},
        .cluster = around.cluster.empty() ? options.cluster : around.cluster,
        .log_kind = std::move(log_kind),
        .config = workload.cluster,
        .run_seed = options.seed,
        .min_nodes = options.min_nodes,
        .max_nodes = options.max_nodes,
        .autoscale_dry_run = options.autoscale_dry_run,
        .provider_orders_per_hour = options.provider_orders_per_hour,
        .heartbeat = options.heartbeat,
        .lease = options.lease,
        .silence = {.suspected_after = options.suspect_after, .offline_after = options.dead_after},
        .stop_grace = options.stop_grace,
        .copies = options.copies,
        .founders = around.founders,
        .preferred = {options.preferred},
        .election_times = producers::election_times(options.leader_beacon, options.leader_lease)};
}

}  // namespace ringrift::ops
