#include "ops/on/api_feed.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "bus/json.hpp"
#include "ops/jobs/durable_file.hpp"

namespace ringrift::ops::on {

/// What stands in position.json.
struct KeptPosition {
    std::string types = {};
    bus::Position done = 0;
    bus::Position tried = 0;  ///< The event that `failed` counts for.
    std::int64_t failed = 0;
};
BOOST_DESCRIBE_STRUCT(KeptPosition, (), (types, done, tried, failed))

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t position_bytes_max = 64 * 1024;
constexpr std::size_t parked_bytes_max = 8 << 20;  // An event of 1 MiB, escaped as JSON text.
constexpr const char* page_events = "200";
constexpr auto ask_period = std::chrono::milliseconds(500);
/// A node that has just started, or follows another server, may know less for some seconds.
constexpr int shorter_max = 60;

std::optional<KeptPosition> read_position(const std::string& folder) {
    const auto text = read_small_file(fs::path(folder) / "position.json", position_bytes_max);
    if (!text) return {};
    auto position = bus::from_json<KeptPosition>(*text);
    if (!position) return {};
    return *std::move(position);
}

/// 20 digits, so that names are in the order of the log.
std::string file_of(bus::Position position) {
    const std::string digits = std::to_string(position);
    return std::string(20 - std::min<std::size_t>(20, digits.size()), '0') + digits + ".json";
}

std::vector<ParkedEvent> parked_in(const std::string& folder) {
    std::vector<ParkedEvent> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fs::path(folder) / "parked", error)) {
        if (entry.path().extension() != ".json") continue;
        const auto text = read_small_file(entry.path(), parked_bytes_max);
        auto event = text ? bus::from_json<ParkedEvent>(*text)
                          : bus::Result<ParkedEvent, bus::JsonProblem>(bus::JsonProblem{});
        if (event) {
            found.push_back(*std::move(event));
        } else {  // Somebody wrote into it; it is shown all the same.
            found.push_back({.type = "(unreadable)", .why = entry.path().string()});
        }
    }
    std::ranges::sort(found, {}, &ParkedEvent::position);
    return found;
}

std::optional<Exit> make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error) return {};
    return Exit{ExitCode::data_dir_unusable, "cannot make " + folder.string() + ": " +
                                                 error.message() + "; name another with --data"};
}

std::string purpose_said(const std::string& types) {
    return "it is for '" + types + "'; take another --name, or end it with --forget";
}

}  // namespace

ApiFeed::ApiFeed(ApiFeedSettings settings)
    : settings_(std::move(settings)),
      folder_((fs::path(settings_.folder) / settings_.name).string()),
      kept_(std::make_unique<KeptPosition>()) {}

ApiFeed::~ApiFeed() = default;

bool ApiFeed::keep() {
    const auto written =
        write_durably(fs::path(folder_) / "position.json", bus::to_json(*kept_) + "\n");
    if (!written) trouble_ = written.error().sentence;
    return written.ok();
}

bus::Result<ConsumerState, Exit> ApiFeed::open() {
    if (auto exit = make_folder(fs::path(folder_) / "parked")) return *std::move(exit);
    auto lock = bus::LockFile::acquire((fs::path(folder_) / "lock").string());
    if (!lock && !lock.error().held)
        return Exit{ExitCode::data_dir_unusable, lock.error().sentence};
    if (!lock) {
        return Exit{ExitCode::data_dir_taken, lock.error().sentence +
                                                  "; one process at a time runs under a name: end "
                                                  "it, or take another --name"};
    }
    lock_ = std::move(*lock);
    const std::string purpose = purpose_of(settings_.types);
    const auto known = read_position(folder_);
    if (known && known->types != purpose)
        return Exit{ExitCode::usage,
                    "'" + settings_.name + "' is taken: " + purpose_said(known->types)};
    kept_->types = purpose;
    if (known) {
        *kept_ = *known;
    } else if (auto exit = begin()) {
        return *std::move(exit);
    }
    read_ = kept_->done;
    return ConsumerState{.name = settings_.name,
                         .types = purpose,
                         .done = kept_->done,
                         .parked = static_cast<std::int64_t>(parked_in(folder_).size()),
                         .kept = folder_};
}

/// Where a new name begins; kept at once, so that a later start does not begin anew.
std::optional<Exit> ApiFeed::begin() {
    if (settings_.from) {
        kept_->done = *settings_.from == 0 ? 0 : *settings_.from - 1;
    } else {
        const auto page = cli::ask(settings_.remote, "/events?tail=0&limit=1");
        if (!page) return page.error();
        kept_->done = page->value.at("last").to_number<bus::Position>();
    }
    if (keep()) return {};
    return Exit{ExitCode::data_dir_unusable, trouble_};
}

std::optional<Exit> ApiFeed::fetch() {
    const bool one = settings_.types.names.size() == 1;
    const auto page =
        cli::ask(settings_.remote,
                 cli::target_of("/events", {{"after", std::to_string(read_)},
                                            {"type", one ? *settings_.types.names.begin() : ""},
                                            {"limit", page_events}}));
    if (!page) {
        if (page.error().code == ExitCode::usage) return page.error();
        trouble_ = page.error().sentence;
        at_end_ = true;
        return {};
    }
    trouble_.clear();
    const auto last = page->value.at("last").to_number<bus::Position>();
    shorter_ = last < read_ ? shorter_ + 1 : 0;
    if (shorter_ > 0) {
        trouble_ = "the log ends at event " + std::to_string(last) + ", before event " +
                   std::to_string(read_) + " that '" + settings_.name +
                   "' has seen: is it another log? To begin anew: ringrift on --forget " +
                   settings_.name;
        at_end_ = true;
        if (shorter_ > shorter_max) return Exit{ExitCode::log_unusable, trouble_};
        return {};
    }
    for (const json::value& event : page->value.at("events").as_array()) {
        const auto position = event.at("position").to_number<bus::Position>();
        if (!settings_.types.fit(std::string_view(event.at("type").as_string()))) continue;
        page_.push_back({.position = position,
                         .text = json::serialize(event),
                         .failed = position == kept_->tried ? kept_->failed : 0});
    }
    std::ranges::reverse(page_);
    read_ = page->value.at("next").to_number<bus::Position>();
    at_end_ = !page->value.at("more").as_bool();
    return {};
}

bus::Result<std::optional<FedEvent>, Exit> ApiFeed::next(bus::Duration wait) {
    using None = std::optional<FedEvent>;
    if (page_.empty() && at_end_) {
        std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(wait, ask_period));
        at_end_ = false;
    }
    if (page_.empty()) {
        if (auto exit = fetch()) return *std::move(exit);
    }
    if (page_.empty()) return None{};
    FedEvent event = std::move(page_.back());
    page_.pop_back();
    return None{std::move(event)};
}

bool ApiFeed::done(const FedEvent& event) {
    kept_->done = event.position;
    kept_->tried = 0;
    kept_->failed = 0;
    return keep();
}

void ApiFeed::note_failed(const FedEvent& event, std::int64_t attempts) {
    kept_->tried = event.position;
    kept_->failed = attempts;
    keep();
}

bus::Result<bus::Done, std::string> ApiFeed::park(const ParkedEvent& event) {
    const auto written = write_durably(fs::path(folder_) / "parked" / file_of(event.position),
                                       bus::to_json(event) + "\n");
    if (!written) return written.error().sentence;
    return bus::Done{};
}

bus::Result<std::vector<ParkedEvent>, std::string> ApiFeed::parked() {
    return parked_in(folder_);
}

bus::Result<bus::Done, std::string> ApiFeed::unpark(bus::Position position) {
    std::error_code error;
    fs::remove(fs::path(folder_) / "parked" / file_of(position), error);
    if (error) return "cannot remove it from " + folder_ + "/parked: " + error.message();
    return bus::Done{};
}

bus::Result<std::vector<ConsumerState>, Exit> ApiRegistry::consumers() {
    std::vector<ConsumerState> found;
    const auto page = cli::ask(remote_, "/events?tail=0&limit=1");
    const bus::Position last =
        page ? page->value.at("last").to_number<bus::Position>() : bus::Position(0);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
        const std::string folder = entry.path().string();
        const auto parked = static_cast<std::int64_t>(parked_in(folder).size());
        const auto known = read_position(folder);
        if (!known && parked == 0) continue;
        found.push_back({.name = entry.path().filename().string(),
                         .types = known ? known->types : "(forgotten)",
                         .done = known ? known->done : 0,
                         .last = last,
                         .parked = parked,
                         .kept = folder});
    }
    std::ranges::sort(found, {}, &ConsumerState::name);
    return found;
}

std::optional<Exit> ApiRegistry::forget(const std::string& name) {
    const fs::path folder = fs::path(folder_) / name;
    auto lock = bus::LockFile::acquire((folder / "lock").string());
    if (!lock) {
        const bool unknown = !lock.error().held;
        return Exit{unknown ? ExitCode::refused : ExitCode::data_dir_taken,
                    unknown ? "there is no consumer '" + name + "' in " + folder_
                            : lock.error().sentence + "; end it first"};
    }
    std::error_code error;
    fs::remove(folder / "position.json", error);
    if (!error) return {};
    return Exit{ExitCode::data_dir_unusable, "cannot forget " + name + ": " + error.message()};
}

}  // namespace ringrift::ops::on
