#include "tests/simulation/sim_transfers.hpp"

#include <utility>

namespace ringrift::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t orders_max = 16;
constexpr std::int64_t whole = 1'000'000;

}  // namespace

void SimTransfers::daemon_died() {
    under_way_.clear();
    news_.clear();
}

std::optional<bus::Duration> SimTransfers::next_change() const {
    std::optional<bus::Duration> next;
    for (const auto& [file, course] : under_way_) {
        if (!next || course.until < *next) next = course.until;
    }
    return next;
}

bool SimTransfers::fetch(const consumers::TransferOrder& order) {
    if (fuse_.take(1) == 0) return true;
    if (under_way_.contains(order.file)) return true;
    if (under_way_.size() >= orders_max) return false;
    auto takes = random_.between(bus::Duration(20), seconds(8));
    if (random_.happens(ppm_.slow)) takes = random_.between(seconds(8), minutes(10));
    const std::int64_t left = whole - half_[order.file];
    takes = takes * left / whole + bus::Duration(5);
    under_way_[order.file] = {.order = order,
                              .until = clock_.passed() + takes,
                              .breaks = random_.happens(ppm_.torn),
                              .fails = random_.happens(ppm_.fails)};
    return true;
}

void SimTransfers::remove(const bus::FileDigest& file) {
    if (fuse_.take(1) == 0) return;
    if (disk_.find(file) == nullptr) return;
    if (on_remove) on_remove(file);
    disk_.remove(file);
}

/// Its bytes, if they are what the digest says; what is not is moved aside.
const SimFile* SimTransfers::give(const bus::FileDigest& file) {
    if (!disk_.is_rotten(file)) return disk_.find(file);
    disk_.remove(file);
    news_.push_back(consumers::CopyDamaged{file, "simulated: its bytes are not what it was"});
    return nullptr;
}

consumers::TransferReport SimTransfers::end(const UnderWay& course) {
    const bus::FileDigest& file = course.order.file;
    const auto failed = [&](std::string kind, std::string sentence) {
        return consumers::TransferFailed{file, std::move(kind), std::move(sentence)};
    };
    if (const SimFile* here = give(file)) return consumers::TransferDone{file, {}, here->bytes};
    if (course.fails) return failed("stalled", "the simulated source said nothing any more");
    if (disk_.full) return failed("disk_full", "no room in the simulated disk");
    for (const bus::NodeId& source : course.order.sources) {
        SimTransfers* other = reach(source);
        const SimFile* found = other == nullptr ? nullptr : other->give(file);
        if (found == nullptr) continue;
        if (course.breaks) {
            half_[file] += (whole - half_[file]) / 2;
            return failed("stalled", "the simulated transfer broke off");
        }
        half_.erase(file);
        disk_.add(file, *found);
        return consumers::TransferDone{file, source, found->bytes};
    }
    return failed("unreachable", "no simulated source has it, or none can be reached");
}

std::vector<consumers::TransferReport> SimTransfers::drain() {
    if (fuse_.is_burnt()) return {};
    for (auto at = under_way_.begin(); at != under_way_.end();) {
        if (at->second.until > clock_.passed()) {
            ++at;
            continue;
        }
        news_.push_back(end(at->second));
        if (random_.happens(ppm_.doubled)) news_.push_back(news_.back());
        at = under_way_.erase(at);
    }
    return std::exchange(news_, {});
}

}  // namespace ringrift::simulation
