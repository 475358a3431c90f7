#pragma once

// Events for `ringrift on` through a node's HTTP API: what works with the embedded log, and from a
// machine that reaches no NATS server.
//
// How far it has come is kept on this machine, in `<folder>/<name>/`: `position.json`, and one
// file in `parked/` for each event set aside; each is written durably before it counts. A lock
// lets one process at a time use a name. Asks twice a second; a node that is away is waited for.

#include <memory>
#include <optional>
#include <string>

#include "bus/lock_file.hpp"
#include "ops/cli/remote.hpp"
#include "ops/on/event_types.hpp"
#include "ops/on/feed.hpp"

namespace ringrift::ops::on {

struct ApiFeedSettings {
    std::string name = {};
    EventTypes types = {};
    /// Where a new name begins: at this position; empty: behind the end of the log.
    std::optional<bus::Position> from = {};
    cli::Remote remote = {};
    std::string folder = {};  ///< Of all names.
};

struct KeptPosition;  ///< What stands in position.json.

class ApiFeed final : public EventFeed {
  public:
    explicit ApiFeed(ApiFeedSettings settings);
    ~ApiFeed() override;

    bus::Result<ConsumerState, Exit> open() override;
    bus::Result<std::optional<FedEvent>, Exit> next(bus::Duration wait) override;
    std::string trouble() const override { return trouble_; }
    bool done(const FedEvent& event) override;
    void note_failed(const FedEvent& event, std::int64_t attempts) override;
    void still_at_it(const FedEvent&) override {}
    void give_back(const FedEvent&) override {}
    bus::Result<bus::Done, std::string> park(const ParkedEvent& event) override;
    bus::Result<std::vector<ParkedEvent>, std::string> parked() override;
    bus::Result<bus::Done, std::string> unpark(bus::Position position) override;

  private:
    std::optional<Exit> begin();
    bool keep();
    std::optional<Exit> fetch();

    const ApiFeedSettings settings_;
    const std::string folder_;  ///< Of this name.
    std::unique_ptr<KeptPosition> kept_;
    std::optional<bus::LockFile> lock_;
    std::vector<FedEvent> page_ = {};  ///< Fetched and not given out, the next one last.
    bus::Position read_ = 0;           ///< Looked at up to here, `page_` included.
    bool at_end_ = false;              ///< Nothing was there when last asked.
    int shorter_ = 0;                  ///< Times in a row that the log ended before `done`.
    std::string trouble_ = {};
};

class ApiRegistry final : public Registry {
  public:
    ApiRegistry(std::string folder, cli::Remote remote)
        : folder_(std::move(folder)), remote_(std::move(remote)) {}
    bus::Result<std::vector<ConsumerState>, Exit> consumers() override;
    std::optional<Exit> forget(const std::string& name) override;

  private:
    const std::string folder_;
    const cli::Remote remote_;
};

}  // namespace ringrift::ops::on
