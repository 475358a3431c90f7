#include "ops/cli/events.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <thread>

#include <boost/json.hpp>

#include "bus/aliases.hpp"
#include "bus/codec.hpp"
#include "ops/cli/http_client.hpp"
#include "ops/cli/show.hpp"
#include "ops/cli/table.hpp"
#include "ops/did_you_mean.hpp"

namespace ringrift::ops::cli {
namespace {

namespace json = boost::json;

constexpr std::int64_t page_events = 1000;
constexpr int reconnects_max = 30;  ///< One a second: a restarted node is back by then.
constexpr auto reconnect_pause = std::chrono::seconds(1);

std::optional<std::int64_t> whole_number(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) return {};
    return value;
}

class EventReader {
  public:
    EventReader(const Remote& remote, const EventsQuestion& question, std::ostream& out,
                std::ostream& err)
        : remote_(remote), question_(question), out_(out), err_(err) {}

    bool has_enough() const { return printed_ >= wanted_; }

    /// False when the limit that was asked for is none.
    bool read_limit() {
        if (question_.limit.empty()) return true;
        const auto limit = whole_number(question_.limit);
        wanted_ = limit.value_or(0);
        return wanted_ > 0;
    }

    /// Pages through what is there; afterwards `next_` is where to go on.
    Exit history() {
        std::int64_t wanted = wanted_;
        const bool from_somewhere = !question_.after.empty() || !question_.since.empty();
        const bool no_limit = question_.limit.empty();
        const bool tail =
            !remote_.as_json && !from_somewhere && (no_limit || wanted_ <= page_events);
        bool first = true;
        bool more = true;
        while (more && wanted > 0) {
            const auto page = ask(remote_, page_target(first, tail, std::min(wanted, page_events)));
            if (!page) return page.error();
            const json::array& events = page->value.at("events").as_array();
            for (const json::value& event : events) print(event);
            wanted -= static_cast<std::int64_t>(events.size());
            next_ = page->value.at("next").to_number<std::int64_t>();
            more = page->value.at("more").as_bool() && !tail;
            first = false;
        }
        if (printed_ == 0 && !question_.follow) err_ << "No event fits." << near_type() << "\n";
        if (tail && no_limit && !question_.follow && printed_ == events_shown)
            err_ << "The last " << events_shown << " at most; all of them with --after 0.\n";
        return {ExitCode::ok, {}};
    }

    /// Goes on where the history ended, until the node has been away for too long.
    Exit follow_on() {
        Exit last = {ExitCode::ok, {}};
        for (int failures = 0; failures < reconnects_max; ++failures) {
            const std::string target = target_of("/events", {{"type", question_.type},
                                                             {"noun", question_.noun},
                                                             {"key", question_.key},
                                                             {"follow", "true"}});
            ClientRequest request = {.url = remote_.url,
                                     .target = target,
                                     .headers = {{"Accept", "text/event-stream"},
                                                 {"Last-Event-ID", std::to_string(next_)}},
                                     .time_max = std::chrono::seconds(60)};
            const auto ended = follow(request, [&](const std::string& line) {
                failures = 0;
                take(line);
                return out_.good() && !has_enough();
            });
            if (!out_.good() || has_enough()) return {ExitCode::ok, {}};
            if (ended.ok() && ended->status != 200) return refused(ended->status, ended->body);
            last = {ExitCode::unreachable,
                    ended.ok() ? "The node closed the stream." : ended.error().sentence};
            if (failures == 0) err_ << "The connection ended; trying again.\n";
            std::this_thread::sleep_for(reconnect_pause);
        }
        return last;
    }

    Exit start_from_now() {
        const auto page = ask(remote_, "/events?tail=0&limit=1");
        if (!page) return page.error();
        next_ = page->value.at("last").to_number<std::int64_t>();
        return {ExitCode::ok, {}};
    }

  private:
    std::string page_target(bool first, bool tail, std::int64_t count) const {
        std::vector<std::pair<std::string, std::string>> query = {
            {"type", question_.type}, {"noun", question_.noun}, {"key", question_.key}};
        if (tail)
            query.emplace_back("tail",
                               std::to_string(question_.limit.empty() ? events_shown : wanted_));
        else if (!first)
            query.emplace_back("after", std::to_string(next_));
        else if (!question_.after.empty())
            query.emplace_back("after", question_.after);
        else if (!question_.since.empty())
            query.emplace_back("since", question_.since);
        query.emplace_back("limit", std::to_string(count));
        return target_of("/events", query);
    }

    /// A hint where the type that was asked for is none that there is.
    std::string near_type() const {
        std::vector<std::string_view> types;
        for (const bus::EventInfo& info : bus::event_catalogue()) types.push_back(info.type);
        const std::string type = bus::canonical_type(question_.type);
        if (type.empty() || std::ranges::find(types, type) != types.end()) return {};
        return " There is no type '" + question_.type + "'" + did_you_mean(type, types);
    }

    void print(const json::value& event) {
        ++printed_;
        if (remote_.as_json)
            out_ << json::serialize(event) << "\n";
        else
            out_ << show_event(event);
        out_.flush();
    }

    /// One line of the stream.
    void take(const std::string& line) {
        constexpr std::string_view data = "data: ";
        constexpr std::string_view id = "id: ";
        if (line.starts_with(id)) next_ = whole_number(line.substr(id.size())).value_or(next_);
        if (!line.starts_with(data)) return;
        json::error_code error;
        const json::value event = json::parse(std::string_view(line).substr(data.size()), error);
        if (!error && find_at(event, "/specversion") != nullptr) print(event);
    }

    const Remote& remote_;
    const EventsQuestion& question_;
    std::ostream& out_;
    std::ostream& err_;
    std::int64_t next_ = 0;
    std::int64_t printed_ = 0;
    std::int64_t wanted_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace

Exit show_events(const Remote& remote, const EventsQuestion& question, std::ostream& out,
                 std::ostream& err) {
    EventReader reader(remote, question, out, err);
    if (!reader.read_limit()) return {ExitCode::usage, "--limit takes a whole number above 0."};
    const bool from_now = remote.as_json || !question.limit.empty();
    const bool only_new =
        question.follow && from_now && question.after.empty() && question.since.empty();
    const Exit before = only_new ? reader.start_from_now() : reader.history();
    if (before.code != ExitCode::ok || !question.follow || reader.has_enough()) return before;
    return reader.follow_on();
}

}  // namespace ringrift::ops::cli
