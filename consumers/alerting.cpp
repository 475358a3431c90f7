#include "consumers/alerting.hpp"

#include <utility>

namespace ringrift::consumers {

void settle(const projections::NodesView& nodes, Reading reading, Commands& commands) {
    const auto standing = nodes.alerts.find(reading.alert.alert);
    const bool stands = standing != nodes.alerts.end();
    const std::string severity = stands ? standing->second.alert.severity : "";
    switch (reading.zone) {
        case Zone::hold: return;
        case Zone::clear:
            if (!stands) return;
            commands.push_back(
                producers::ClearAlert{.alert = reading.alert.alert, .node = reading.alert.node});
            return;
        case Zone::warning:
            if (stands) return;
            reading.alert.severity = "warning";
            break;
        case Zone::critical:
            if (severity == "critical") return;
            reading.alert.severity = "critical";
            break;
    }
    commands.push_back(producers::RaiseAlert{std::move(reading.alert)});
}

}  // namespace ringrift::consumers
