#include "ops/workloads/hex/progress.hpp"

#include <boost/json.hpp>
#include <iostream>

#include "ops/workloads/hex/failure.hpp"

namespace ringrift::hex {
namespace {

constexpr int linger_milliseconds = 200;  // How long an exit may wait for the last report.
constexpr int queued_reports_max = 64;

}  // namespace

Progress::Progress(JobIdentity identity) : identity_(std::move(identity)) {
    if (identity_.channel.empty()) return;
    try {
        socket_.emplace(context_, zmq::socket_type::push);
        socket_->set(zmq::sockopt::linger, linger_milliseconds);
        socket_->set(zmq::sockopt::sndhwm, queued_reports_max);
        socket_->connect(identity_.channel);
    } catch (const zmq::error_t& error) {
        throw Failure("cannot report to RINGRIFT_CHANNEL " + identity_.channel + ": " +
                      error.what() + "; unset it to report on stdout");
    }
}

void Progress::report(std::int64_t done, std::int64_t total, std::string_view unit) {
    const auto now = Clock::now();
    if (last_ && now - *last_ < pause_min && done != total) return;
    last_ = now;
    boost::json::object report;
    if (socket_) report = {{"work", identity_.work}, {"fence", identity_.fence}};
    report["progress_ppm"] = done * 1'000'000 / total;
    report[unit] = done;
    const std::string text = boost::json::serialize(report);
    if (!socket_) {
        std::cout << text << std::endl;
        return;
    }
    try {
        // An empty result means that the queue is full: the report is dropped.
        std::ignore = socket_->send(zmq::buffer(text), zmq::send_flags::dontwait);
    } catch (const zmq::error_t&) {  // A job outlives its audience.
        socket_.reset();
    }
}

}  // namespace ringrift::hex
