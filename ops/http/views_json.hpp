#pragma once

// Entries of the views as the API shows them: names of fields as operators know
// them, ages in seconds, times as seconds since 1970 where the original had
// them so, else as RFC 3339 text. Pure.

#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "ops/http/route.hpp"

namespace ringrift::ops::http {

/// Whole seconds since 1970; 0 for never.
std::int64_t unix_seconds(bus::Time time);
/// Seconds with milliseconds, never negative.
double seconds_between(bus::Time from, bus::Time to);
/// Elo, loss and shares as people write them: thousandths and millionths as a
/// fraction.
double from_milli(std::int64_t value);
double from_micro(std::int64_t value);

boost::json::value text_or_null(const std::string& text);
boost::json::value time_or_null(const std::optional<bus::Time>& time);
boost::json::array pentanomial_json(const std::array<std::int64_t, 5>& counts);

boost::json::object work_json(const projections::WorkItem& item, bus::Time now);
/// With inputs, needs, result and setbacks.
boost::json::object work_details_json(const projections::WorkItem& item, bus::Time now);
boost::json::object job_json(const projections::WorkItem& item, const Pulse& pulse, bus::Time now);
boost::json::object node_json(const bus::NodeId& id, const projections::NodeEntry& node,
                              const Sight& sight);
boost::json::object model_json(const projections::Candidate& candidate,
                               const projections::ConfigTraining& config,
                               const projections::RatingPool* pool);
boost::json::object config_training_json(const bus::ConfigKey& config, const Sight& sight);
boost::json::object loop_json(const LoopPulse& loop);
boost::json::object subscriptions_json(const Pulse& pulse, bus::Time now);
boost::json::object work_queue_json(const Sight& sight);
boost::json::object disk_json(const Pulse& pulse);

/// The pool of a config; null when nothing was rated.
const projections::RatingPool* pool_of(const projections::ClusterView& view,
                                       const bus::ConfigKey& config);
/// Items of `type` in `status`.
std::int64_t count_of(const projections::WorkView& work, bus::WorkType type,
                      projections::WorkStatus status);
/// Critical events whose subscription is not proved (design §12).
std::vector<std::string> critical_failed(const Pulse& pulse);

Response json_response(const boost::json::object& body, int status = 200);

}  // namespace ringrift::ops::http
